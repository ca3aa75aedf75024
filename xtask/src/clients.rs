//! The clients of `end2end/clients/`, which others wrote: unmodified packages, which the set-up there registers with the
//! provider.

use std::path::Path;

use anyhow::Result;

use crate::playwright::{Suite, drive};
use crate::repo::Repo;
use crate::tally::Tally;
use crate::{python, tools};

/// All that a bundler and Node can run: part of every test.
pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let suite =
        Suite { work: "clients", folder: "clients", packages: &["clients", "clients/vue-2"], environment: None };
    drive(repo, &suite, filter, tally)
}

/// What needs servers of its own: Next.js applications, which are built first, and one in Python.
pub fn run_sdks(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let requirements = repo.root.join("end2end/clients/sdks/python/requirements.txt");
    let programs = python::environment(repo, "python", &requirements, "the clients in Python")?;
    let suite = Suite {
        work: "clients/sdks",
        folder: "clients/sdks",
        packages: &["clients", "clients/sdks/next-8", "clients/sdks/next-9"],
        environment: Some(("CLIENTS_PYTHON", programs.join("python"))),
    };
    drive(repo, &suite, filter, tally)
}

/// The applications of `docs/clients`, as they stand there: in Python, Node.js, Ruby, and in Apache.
pub fn run_recipes(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    const PURPOSE: &str = "the applications of docs/clients";
    let packages = ["apache2", "libapache2-mod-auth-openidc", "ruby", "ruby-omniauth-openid-connect", "ruby-sinatra"];
    let apache = Path::new("/usr/lib/apache2/modules/mod_auth_openidc.so");
    let ruby = Path::new("/usr/share/rubygems-integration/all/gems");
    let has_gem = |name: &str| {
        std::fs::read_dir(ruby)
            .is_ok_and(|gems| gems.flatten().any(|gem| gem.file_name().to_string_lossy().starts_with(name)))
    };
    if !apache.exists() || !has_gem("gitlab-omniauth-openid-connect") || !has_gem("sinatra-") {
        tools::apt(&packages, PURPOSE)?;
    }
    let requirements = repo.root.join("end2end/clients/recipes/requirements.txt");
    let programs = python::environment(repo, "recipes-python", &requirements, PURPOSE)?;
    let suite = Suite {
        work: "clients/recipes",
        folder: "clients/recipes",
        packages: &["clients", "clients/recipes"],
        environment: Some(("RECIPES_PYTHON", programs.join("python"))),
    };
    drive(repo, &suite, filter, tally)
}
