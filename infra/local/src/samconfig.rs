//! The environment `local` of `samconfig.toml`: the local stack takes its
//! parameters from where every other stack takes them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::failure::{Doing as _, Failure};

/// What `sam deploy --config-env local` would use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) stack_name: String,
    pub(crate) region: String,
    pub(crate) parameters: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    default: Commands,
    #[serde(default)]
    local: Commands,
}

#[derive(Deserialize, Default)]
struct Commands {
    #[serde(default)]
    global: Command,
    #[serde(default)]
    deploy: Command,
}

#[derive(Deserialize, Default)]
struct Command {
    #[serde(default)]
    parameters: Settings,
}

#[derive(Deserialize, Default)]
struct Settings {
    stack_name: Option<String>,
    region: Option<String>,
    parameter_overrides: Option<Overrides>,
}

/// SAM takes both forms.
#[derive(Deserialize)]
#[serde(untagged)]
enum Overrides {
    Line(String),
    List(Vec<String>),
}

impl Environment {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).doing(format!("reading {}", path.display()))?;
        Self::parse(&text).doing(format!("understanding {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let config: Config = toml::from_str(text)?;
        // From the most specific to the most general, as SAM looks them up.
        let settings = [&config.local.deploy, &config.local.global, &config.default.deploy, &config.default.global]
            .map(|command| &command.parameters);
        let first = |setting: fn(&Settings) -> &Option<String>| settings.iter().find_map(|s| setting(s).clone());
        let overrides = settings.iter().find_map(|settings| settings.parameter_overrides.as_ref());
        Ok(Self {
            stack_name: first(|settings| &settings.stack_name).unwrap_or_else(|| "onboarding".to_owned()),
            region: first(|settings| &settings.region).unwrap_or_else(|| "eu-central-1".to_owned()),
            parameters: overrides.map(Overrides::parameters).unwrap_or_default(),
        })
    }
}

impl Overrides {
    fn parameters(&self) -> BTreeMap<String, String> {
        let pairs: Vec<String> = match self {
            Self::Line(line) => words(line),
            Self::List(pairs) => pairs.clone(),
        };
        let parts = pairs.iter().filter_map(|pair| pair.split_once('='));
        parts.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
    }
}

/// At spaces, but not at those inside of double quotes.
fn words(line: &str) -> Vec<String> {
    let mut quoted = false;
    let at_space = |letter: char| {
        quoted ^= letter == '"';
        letter.is_whitespace() && !quoted
    };
    line.split(at_space).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_environment_wins_over_the_default_one() {
        let text = r#"
version = 0.1
[default.global.parameters]
region = "eu-west-1"
stack_name = "elsewhere"
[default.deploy.parameters]
parameter_overrides = ["Stage=dev"]
[local.deploy.parameters]
stack_name = "onboarding-local"
parameter_overrides = "Stage=local Alarms=\"false\" Topic=\"a b\""
"#;
        let environment = Environment::parse(text).unwrap();
        assert_eq!((environment.stack_name.as_str(), environment.region.as_str()), ("onboarding-local", "eu-west-1"));
        let parameters = [("Alarms", "false"), ("Stage", "local"), ("Topic", "a b")];
        assert_eq!(environment.parameters, parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn parameters_may_be_a_list() {
        let text = "[local.deploy.parameters]\nparameter_overrides = [\"Stage=local\"]";
        assert_eq!(Environment::parse(text).unwrap().parameters["Stage"], "local");
    }
}
