//! The plan of the house, held against what the code names: which room may name which, and that no two rooms beside each
//! other need one another.

mod paths;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::{Source, sources};
use crate::repo::Repo;
use paths::named_in;

/// A module, from the crate's root.
type Module = Vec<String>;

/// The rooms that all of the server stands on, each on those before it.
const GROUND: [&str; 3] = ["model", "server::platform", "server::domain"];

/// A room, and the rooms that it may name; those of the server may name [`GROUND`], too. A module is in the room with the longest
/// name that it begins with.
const ROOMS: [(&str, &[&str]); 25] = [
    ("main", &["server::cli"]),
    ("model", &[]),
    ("ui::kit", &["model", "rpc"]),
    ("ui::component", &["model", "rpc", "ui::kit"]),
    ("ui::impersonate", &["model", "rpc", "ui::kit", "ui::component"]),
    ("ui::page", &["model", "rpc", "ui::kit", "ui::component", "ui::impersonate"]),
    ("ui::frame", &["model", "rpc", "ui::kit", "ui::component", "ui::page"]),
    ("rpc", &["model", "server::http", "server::service"]),
    ("server::platform", &[]),
    ("server::domain", &[]),
    ("server::db", &[]),
    ("server::error", &["server::db"]),
    ("server::crypto", &["server::db", "server::error"]),
    ("server::cache", &["server::db", "server::error", "server::crypto"]),
    ("server::state", &["server::db", "server::crypto", "server::cache"]),
    ("server::service", &["server::db", "server::error", "server::crypto", "server::cache", "server::state"]),
    ("server::job", &["server::error", "server::state", "server::service"]),
    ("server::http", &["server::error", "server::crypto", "server::cache", "server::state", "server::service"]),
    (
        "server::oauth",
        &["server::error", "server::crypto", "server::cache", "server::state", "server::service", "server::http"],
    ),
    (
        "server::portal",
        &[
            "ui::frame",
            "ui::component",
            "ui::kit",
            "ui::page",
            "rpc",
            "server::error",
            "server::state",
            "server::service",
            "server::http",
        ],
    ),
    ("server::identity", DOOR),
    ("server::frontegg", DOOR),
    (
        "server::router",
        &[
            "ui::frame",
            "server::state",
            "server::http",
            "server::oauth",
            "server::portal",
            "server::identity",
            "server::frontegg",
        ],
    ),
    (
        "server::cli",
        &[
            "server::db",
            "server::error",
            "server::crypto",
            "server::cache",
            "server::state",
            "server::service",
            "server::job",
            "server::http",
            "server::router",
        ],
    ),
    // The maps: they declare rooms.
    ("", &["model", "rpc", "ui::frame", "server"]),
];

/// What a door for applications stands on.
const DOOR: &[&str] =
    &["server::error", "server::crypto", "server::state", "server::service", "server::http", "server::oauth"];

/// What breaks the plan.
pub fn arrows(repo: &Repo) -> Result<Vec<String>> {
    Ok(House::read(&sources(repo)?)?.forbidden())
}

/// Modules of one folder that need each other.
pub fn circles(repo: &Repo) -> Result<Vec<String>> {
    Ok(House::read(&sources(repo)?)?.circles())
}

/// A module names another one.
struct Arrow {
    place: String,
    from: Module,
    to: Module,
}

struct House {
    arrows: Vec<Arrow>,
}

impl House {
    fn read(sources: &[Source]) -> Result<Self> {
        let modules: BTreeSet<Module> = sources.iter().map(|source| module_of(&source.name)).collect();
        let is_module = |path: &[String]| modules.contains(path);
        let mut arrows = Vec::new();
        for source in sources {
            let from = module_of(&source.name);
            let named =
                named_in(&source.text, &from, &is_module).with_context(|| format!("cannot read {}", source.name))?;
            for named in named {
                let to = (0..=named.path.len()).rev().map(|length| &named.path[..length]).find(|path| is_module(path));
                if let Some(to) = to.filter(|to| *to != from) {
                    let place = format!("{}:{}", source.name, named.line);
                    arrows.push(Arrow { place, from: from.clone(), to: to.to_vec() });
                }
            }
        }
        Ok(Self { arrows })
    }

    /// Arrows that the plan does not have.
    fn forbidden(&self) -> Vec<String> {
        let mut found = Vec::new();
        for arrow in &self.arrows {
            let (from, to) = (room_of(&arrow.from), room_of(&arrow.to));
            if !is_allowed(from, to) {
                found.push(format!("{}: {from} does not name {to}", arrow.place));
            }
        }
        found
    }

    /// Circles among the modules of each folder, each with all that is below it. What a module's own file and its children
    /// say of each other is no circle. Rooms are held by [`ROOMS`], which has none.
    fn circles(&self) -> Vec<String> {
        let mut floors: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for arrow in &self.arrows {
            let shared = arrow.from.iter().zip(&arrow.to).take_while(|(from, to)| from == to).count();
            let is_within_a_room = room_of(&arrow.from) == room_of(&arrow.to);
            if let (Some(from), Some(to), true) = (arrow.from.get(shared), arrow.to.get(shared), is_within_a_room) {
                let floor = floors.entry(arrow.from[..shared].to_vec()).or_default();
                floor.entry(from.clone()).or_default().insert(to.clone());
            }
        }
        floors.iter().flat_map(|(floor, arrows)| circles_of(floor, arrows)).collect()
    }
}

/// For each module of a folder that needs itself by way of others, the shortest way.
fn circles_of(floor: &Module, arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut told: BTreeSet<BTreeSet<&String>> = BTreeSet::new();
    let mut found = Vec::new();
    for start in arrows.keys() {
        let mut ways = vec![vec![start]];
        let mut seen = BTreeSet::new();
        let circle = loop {
            let mut longer = Vec::new();
            for way in &ways {
                for next in way.last().and_then(|last| arrows.get(*last)).into_iter().flatten() {
                    if seen.insert(next) {
                        longer.push([way.as_slice(), &[next]].concat());
                    }
                }
            }
            if let Some(circle) = longer.iter().find(|way| way.last() == Some(&start)) {
                break Some(circle.clone());
            }
            if longer.is_empty() {
                break None;
            }
            ways = longer;
        };
        if let Some(circle) = circle.filter(|circle| told.insert(circle.iter().copied().collect())) {
            let way: Vec<&str> = circle.iter().map(|name| name.as_str()).collect();
            found.push(format!("src/{}: a circle, {}", floor.join("/"), way.join(" -> ")));
        }
    }
    found
}

fn is_allowed(from: &str, to: &str) -> bool {
    let allowed = ROOMS.iter().find(|(room, _)| *room == from).map_or(&[][..], |(_, allowed)| allowed);
    let below = GROUND.iter().position(|room| *room == from).unwrap_or(GROUND.len());
    from == to || allowed.contains(&to) || (from.starts_with("server::") && GROUND[..below].contains(&to))
}

/// The module in a source file: `src/server/db/user.rs` has `server::db::user`.
fn module_of(name: &str) -> Module {
    let path = name.strip_prefix("src/").unwrap_or(name).trim_end_matches(".rs");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn room_of(module: &[String]) -> &'static str {
    let name = module.join("::");
    let is_in = |room: &str| name.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let fitting = ROOMS.iter().map(|(room, _)| *room).filter(|room| !room.is_empty() && is_in(room));
    fitting.max_by_key(|room| room.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{House, ROOMS, Source, arrows, circles_of, is_allowed, room_of};
    use crate::repo::Repo;

    fn house(sources: &[(&str, &str)]) -> House {
        let sources: Vec<Source> =
            sources.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() }).collect();
        House::read(&sources).expect("Rust")
    }

    #[test]
    fn this_house_is_as_it_is_planned() {
        let found = arrows(&Repo::find().expect("the repository")).expect("the sources are read");
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn the_plan_itself_has_no_circle() {
        let plan = ROOMS.iter().filter(|(room, _)| !room.is_empty());
        let plan =
            plan.map(|(room, allowed)| ((*room).to_owned(), allowed.iter().map(|to| (*to).to_owned()).collect()));
        assert_eq!(circles_of(&Vec::new(), &plan.collect()), Vec::<String>::new());
        assert!(is_allowed("server::db", "model") && !is_allowed("model", "server::db"));
        assert!(is_allowed("server::domain", "server::platform") && !is_allowed("server::platform", "server::domain"));
    }

    #[test]
    fn an_arrow_upwards_is_found_however_it_is_written() {
        let files = [
            ("src/model/user.rs", ""),
            ("src/server/db.rs", ""),
            ("src/server/db/user.rs", ""),
            ("src/server/service.rs", ""),
        ];
        let upwards = [
            "use crate::server::service::users;",
            "use crate::{model::user, server::{service}};",
            "use super::super::service;",
            "fn f() { crate::server::service::f() }",
            "fn f() { m!(x, super::super::service::f()) }",
            "mod tests { use super::super::super::service; }",
            "pub(in crate::server) use crate::server::service::f;",
            "fn f() { self::super::super::service::f() }",
            "struct S(pub (crate::server::service::S, u8));",
            "fn f() -> impl Sized + use<'_> { ; crate::server::service::f() }",
        ];
        for text in upwards {
            let mut files = files;
            files[2].1 = text;
            let found = house(&files).forbidden();
            assert_eq!(found, ["src/server/db/user.rs:1: server::db does not name server::service"], "{text}");
        }
        for text in [
            "use crate::model::user;",
            "// crate::server::service\n",
            "const T: &str = \"crate::server::service\";",
            "pub(in crate::server) fn f() {}",
        ] {
            let mut files = files;
            files[2].1 = text;
            assert_eq!(house(&files).forbidden(), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn nobody_takes_all_that_the_crate_has() {
        for text in ["use crate::*;", "use crate as c;", "use super::super::super::*;"] {
            let found = house(&[("src/lib.rs", "pub mod server;"), ("src/server/db/user.rs", text)]).forbidden();
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_circle_is_found_also_through_what_is_below() {
        let files = [
            ("src/model/a.rs", "use super::b::c::X;"),
            ("src/model/b.rs", "mod c; use c::X;"),
            ("src/model/b/c.rs", "use crate::model::d; use super::Y;"),
            ("src/model/d.rs", "use super::a;"),
        ];
        assert_eq!(house(&files).circles(), ["src/model: a circle, a -> b -> d -> a"]);
        assert_eq!(house(&files[..3]).circles(), Vec::<String>::new());
    }

    #[test]
    fn a_module_is_in_the_room_with_the_longest_name() {
        let room = |path: &str| room_of(&path.split("::").map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(room("server::db::user"), "server::db");
        assert_eq!(room("server::dbx"), "");
        assert_eq!(room("ui::kit::form"), "ui::kit");
        assert_eq!(room("ui"), "");
    }
}
