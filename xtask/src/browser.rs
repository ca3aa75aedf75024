//! The journeys of `end2end/`: what people do in the portal, on the hosted pages and in the sample applications.

use anyhow::Result;

use crate::playwright::{Suite, drive};
use crate::repo::Repo;
use crate::tally::Tally;

pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let suite = Suite { work: "end2end", folder: ".", packages: &[], environment: None };
    drive(repo, &suite, filter, tally)
}
