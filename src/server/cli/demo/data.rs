//! What the demonstration consists of: the files, the operators, and which users are worth a look.

use crate::model::operator::Role;

/// The moment that the times in the files are relative to.
pub const WRITTEN_AT: &str = "2026-11-23T10:00:00Z";

pub struct DemoEnvironment {
    pub slug: &'static str,
    pub name: &'static str,
    pub impersonation: bool,
    /// In the order of `Kind::ALL`.
    pub files: [&'static str; 4],
}

macro_rules! files {
    ($slug:literal) => {
        [
            include_str!(concat!("../../../../examples/data/", $slug, "/roles.csv")),
            include_str!(concat!("../../../../examples/data/", $slug, "/applications.csv")),
            include_str!(concat!("../../../../examples/data/", $slug, "/accounts.csv")),
            include_str!(concat!("../../../../examples/data/", $slug, "/users.csv")),
        ]
    };
}

/// In the order of the environment switcher.
pub const ENVIRONMENTS: [DemoEnvironment; 4] = [
    DemoEnvironment { slug: "production", name: "Production", impersonation: true, files: files!("production") },
    DemoEnvironment { slug: "staging", name: "Staging", impersonation: true, files: files!("staging") },
    DemoEnvironment { slug: "qa", name: "QA", impersonation: false, files: files!("qa") },
    DemoEnvironment { slug: "development", name: "Development", impersonation: false, files: files!("development") },
];

pub struct DemoOperator {
    pub name: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub roles: &'static [Role],
    /// Slug of the one environment in which the roles hold; without one, they hold in all.
    pub environment: Option<&'static str>,
    pub note: &'static str,
}

pub const OPERATORS: [DemoOperator; 5] = [
    DemoOperator {
        name: "Olivia Owner",
        email: "olivia.owner@understudy.example",
        password: "understudy-demo-1",
        roles: &[Role::Owner],
        environment: None,
        note: "may do everything",
    },
    DemoOperator {
        name: "Adam Admin",
        email: "adam.admin@understudy.example",
        password: "understudy-demo-2",
        roles: &[Role::Admin, Role::Impersonator],
        environment: None,
        note: "may impersonate and change settings",
    },
    DemoOperator {
        name: "Vera Viewer",
        email: "vera.viewer@understudy.example",
        password: "understudy-demo-3",
        roles: &[Role::BackofficeViewer, Role::Impersonator],
        environment: Some("production"),
        note: "may impersonate, sees one environment",
    },
    DemoOperator {
        name: "Ed Editor",
        email: "ed.editor@understudy.example",
        password: "understudy-demo-4",
        roles: &[Role::BackofficeEditor],
        environment: None,
        note: "may not impersonate",
    },
    DemoOperator {
        name: "Ivy Impersonator",
        email: "ivy.impersonator@understudy.example",
        password: "understudy-demo-5",
        roles: &[Role::Impersonator],
        environment: None,
        note: "Impersonator alone: may not impersonate",
    },
];

pub const USER_PASSWORD: &str = "correct-horse-demo";

/// Users of production with something special about them: name, e-mail, what.
pub const USERS: [(&str, &str, &str); 10] = [
    ("Amara Okafor", "amara.okafor@northwind.example", "three accounts, one without applications; reads the audit log"),
    ("Chen Wei", "wei.chen@harborlogistics.example", "two accounts; Harbor Dispatch gives 5-minute sessions"),
    ("Benoît Lefèvre", "benoit@lumiere.example", "one account"),
    ("Dana Whitfield", "dana.w@northwind.example", "locked: cannot sign in or be impersonated"),
    ("Giorgos Papadopoulos", "giorgos@harborlogistics.example", "invited, not verified yet"),
    ("Ingrid Solberg", "ingrid.solberg@fjord.example", "account with applications, none of them default"),
    ("Juno Park", "juno.park@juniper.example", "account without applications"),
    ("Theo Brandt", "theo.brandt@northwind.example", "disabled in the account"),
    ("Uma Raman", "uma.raman@mail.example", "member of no account"),
    ("Olivia Owner", "olivia.owner@understudy.example", "the Owner as a user: nobody impersonates themselves"),
];
