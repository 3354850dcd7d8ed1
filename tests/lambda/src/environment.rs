//! What Lambda sets in a function's environment, whatever the template adds to it.

/// Where a function finds itself.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'s> {
    /// Its name, which is its handler too.
    pub function: &'s str,
    /// MB.
    pub memory: u32,
    /// The region.
    pub region: &'s str,
    /// `<host>:<port>` of its Runtime API.
    pub runtime_api: &'s str,
}

impl Setting<'_> {
    /// The variables; credentials and endpoints are left to the caller.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let Self { function, memory, region, runtime_api } = *self;
        let variables = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{function}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("_HANDLER", function.to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
