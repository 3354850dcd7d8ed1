//! S3: where packages and the template are uploaded to.

use reqwest::{Method, StatusCode};

use super::{Emulator, successful};
use crate::failure::{Doing as _, Failure};

impl Emulator {
    /// Does nothing when the bucket is there already.
    pub(crate) async fn make_bucket(&self, name: &str) -> Result<(), Failure> {
        let what = format!("making the bucket {name}");
        let location = format!(
            "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
            self.region
        );
        let answer = self.request("s3", Method::PUT, &format!("/{name}")).body(location).send().await.doing(&what)?;
        if answer.status() == StatusCode::CONFLICT {
            return Ok(());
        }
        successful(answer, &what).await.map(drop)
    }

    pub(crate) async fn put_object(&self, bucket: &str, key: &str, content: Vec<u8>) -> Result<(), Failure> {
        let what = format!("uploading {key}");
        let answer = self.request("s3", Method::PUT, &format!("/{bucket}/{key}")).body(content).send().await;
        successful(answer.doing(&what)?, &what).await.map(drop)
    }

    pub(crate) async fn get_object(&self, url: &str) -> Result<String, Failure> {
        let path = url.strip_prefix(&self.endpoint).unwrap_or(url);
        let answer = self.request("s3", Method::GET, path).send().await.doing("fetching the template")?;
        successful(answer, "fetching the template").await?.text().await.doing("fetching the template")
    }
}
