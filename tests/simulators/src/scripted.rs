//! A server that answers by script, for failures that no emulator plays: lost answers, hangs, proxies in between.
//!
//! Each request takes the next [`Step`]. A request beyond the script is answered 500, and [`Scripted::played`],
//! the only way to what was recorded, panics over it, as it does over steps that nobody asked for.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::serving::{Bound, Serving};

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `POST`
    pub method: String,
    /// With the query, as in the request line.
    pub path: String,
    /// The header `x-amz-target`: the operation, in the protocols of AWS that speak JSON. Empty without it.
    pub target: String,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// What a request is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Makes an answer of what was recorded so far.
pub type Reply = Box<dyn FnOnce(&[Request]) -> Answer + Send>;

/// What happens to one request, after it was read to its end.
pub enum Step {
    /// It is answered.
    Answer(Answer),
    /// It is answered by what was recorded so far; the last is the request itself.
    Reply(Reply),
    /// The connection is closed without an answer.
    Swallow,
    /// Nothing for so long; then the connection is closed without an answer.
    Hang(Duration),
    /// It is answered, and so are all that follow. Must be the last step.
    Always(Answer),
}

/// A running server; dropping it stops it.
pub struct Scripted {
    serving: Serving,
    play: Arc<Mutex<Play>>,
}

struct Play {
    script: VecDeque<Step>,
    requests: Vec<Request>,
    unscripted: usize,
}

/// What is left to do for a step once the play is unlocked.
enum Act {
    Answer(Answer),
    Close(Duration),
}

impl Request {
    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Answer {
    /// An answer with this body.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// An answer as AWS services give it that speak JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, &body.to_string()).with("content-type", "application/x-amz-json-1.0")
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it goes over the wire. Every connection carries one request, so that no step depends on another's.
    fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("HTTP/1.1 {} \r\ncontent-length: {}\r\nconnection: close\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

impl Step {
    /// It is answered by what was recorded so far; the last is the request itself.
    pub fn reply(with: impl FnOnce(&[Request]) -> Answer + Send + 'static) -> Self {
        Self::Reply(Box::new(with))
    }
}

impl From<Answer> for Step {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Scripted {
    /// Listens on loopback, on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(script: impl IntoIterator<Item = Step>) -> io::Result<Self> {
        let script = script.into_iter().collect();
        let play = Arc::new(Mutex::new(Play { script, requests: Vec::new(), unscripted: 0 }));
        let serving = Bound::to(0).await?.run({
            let play = Arc::clone(&play);
            |listener| accept(listener, play)
        })?;
        Ok(Self { serving, play })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// Everything that came, oldest first.
    ///
    /// # Panics
    /// When the requests were more or fewer than the script foresaw.
    #[must_use]
    pub fn played(self) -> Vec<Request> {
        let play = lock(&self.play);
        let requests = play.requests.clone();
        let left = play.script.iter().filter(|step| !matches!(step, Step::Always(_))).count();
        let told: Vec<_> = requests.iter().map(|request| (&request.target, &request.path)).collect();
        assert_eq!(play.unscripted, 0, "requests beyond the script: {told:?}");
        assert_eq!(left, 0, "steps that nobody asked for, after {told:?}");
        requests
    }
}

impl Play {
    fn next(&mut self, request: Request) -> Act {
        self.requests.push(request);
        if let Some(Step::Always(answer)) = self.script.front() {
            return Act::Answer(answer.clone());
        }
        match self.script.pop_front() {
            Some(Step::Answer(answer) | Step::Always(answer)) => Act::Answer(answer),
            Some(Step::Reply(reply)) => Act::Answer(reply(&self.requests)),
            Some(Step::Swallow) => Act::Close(Duration::ZERO),
            Some(Step::Hang(time)) => Act::Close(time),
            None => {
                self.unscripted += 1;
                Act::Answer(Answer::new(500, "beyond the script"))
            }
        }
    }
}

fn lock(play: &Mutex<Play>) -> MutexGuard<'_, Play> {
    play.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, play: Arc<Mutex<Play>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let play = Arc::clone(&play);
        tokio::spawn(async move {
            // A client that leaves in the middle has not made a request.
            let _ = serve(stream, &play).await;
        });
    }
}

async fn serve(stream: TcpStream, play: &Mutex<Play>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream).await?;
    let act = lock(play).next(request);
    match act {
        Act::Answer(answer) => stream.write_all(&answer.bytes()).await?,
        Act::Close(after) => tokio::time::sleep(after).await,
    }
    stream.shutdown().await
}

/// Reads a request whose body has a length, as all of ours have.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let (mut target, mut length) = (String::new(), 0);
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => value.trim().clone_into(&mut target),
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Request { method, path, target, body })
}
