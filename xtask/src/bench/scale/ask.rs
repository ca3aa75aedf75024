//! Asks for what a case says over one connection, and takes the time that the server says it needed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::case::{Case, Request};
use crate::bench::{quantile, server_time};
use crate::http::{Answer, Client};

/// Requests that warm up what the case touches, and those that are measured.
const WARM_UP: u64 = 6;
const REQUESTS: u64 = 40;
/// A case that takes longer is measured by fewer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a case took: milliseconds in the server.
#[derive(Clone, Debug)]
pub struct Took {
    pub case: String,
    pub median: f64,
    pub times: Vec<f64>,
    /// The first answer that was none, in words.
    pub failed: Option<String>,
}

/// `asked` counts what was asked so far, so that no two requests of a server are the same.
pub fn ask(client: &mut Client, case: &Case, asked: &mut u64) -> Result<Took> {
    let mut failed = None;
    let (began, mut times) = (Instant::now(), Vec::new());
    for index in 0..WARM_UP + REQUESTS {
        *asked += 1;
        let sent = Instant::now();
        match answered(client, &(case.request)(*asked)) {
            Ok(milliseconds) if index >= WARM_UP || began.elapsed() > PATIENCE => times.push(milliseconds),
            Ok(_) => {}
            Err(error) => {
                // It took at least so long, and there is nothing to be learned from more of them.
                times.push(sent.elapsed().as_secs_f64() * 1000.0);
                failed = Some(format!("{error:#}"));
                break;
            }
        }
        if began.elapsed() > PATIENCE && !times.is_empty() {
            break;
        }
    }
    Ok(Took { case: case.name.clone(), median: quantile(&mut times, 0.5), times, failed })
}

fn answered(client: &mut Client, request: &Request) -> Result<f64> {
    let answer = send(client, request)?;
    if answer.status != 200 {
        anyhow::bail!("answered {}", answer.status);
    }
    server_time(&answer)
}

fn send(client: &mut Client, request: &Request) -> Result<Answer> {
    match request {
        Request::Get(path) => client.get(path).with_context(|| format!("no answer to {path}")),
        Request::Post { path, form } => {
            client.send_form(path, form, "application/json").with_context(|| format!("no answer to {path}?{form}"))
        }
    }
}
