//! Asks for what a case says over one connection, and takes the time that the server says it needed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::case::{Case, Request, next_page};
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
    /// What was wrong, in words.
    pub failed: Option<String>,
}

/// `asked` counts what was asked so far, so that no two requests of a server are the same.
pub fn ask(client: &mut Client, case: &Case, asked: &mut u64) -> Result<Took> {
    let (mut failed, mut times, mut next) = (None, Vec::new(), None);
    let (began, mut answers, mut good) = (Instant::now(), 0, 0);
    while answers < WARM_UP + REQUESTS {
        *asked += 1;
        let request = next.take().unwrap_or_else(|| (case.request)(*asked));
        let sent = Instant::now();
        let answer = match answered(client, &request) {
            Ok(answer) => answer,
            Err(error) => {
                // It took at least so long, and there is nothing to be learned from more of them.
                times.push(sent.elapsed().as_secs_f64() * 1000.0);
                failed = Some(format!("{error:#}"));
                break;
            }
        };
        let is_late = began.elapsed() > PATIENCE;
        if answers >= WARM_UP || is_late {
            times.push(server_time(&answer)?);
        }
        answers += 1;
        let page = String::from_utf8_lossy(&answer.body);
        good += usize::from(page.contains(&case.has));
        next = next_page(&page).filter(|_| case.is_followed).map(Request::Get);
        if is_late {
            break;
        }
    }
    if failed.is_none() && good as u64 * 2 < answers {
        failed = Some(format!("has {:?} in only {good} of {answers} answers", case.has));
    }
    Ok(Took { case: case.name.clone(), median: quantile(&mut times, 0.5), times, failed })
}

fn answered(client: &mut Client, request: &Request) -> Result<Answer> {
    let answer = match request {
        Request::Get(path) => client.get(path),
        Request::Post { path, form } => client.send_form(path, form, "application/json"),
    };
    let answer = answer.with_context(|| format!("has no answer to {}", request.shown()))?;
    if answer.status != 200 {
        bail!("was answered {} to {}", answer.status, request.shown());
    }
    Ok(answer)
}
