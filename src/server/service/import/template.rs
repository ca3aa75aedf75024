//! Templates: a head line with every column and one row, and what each column means.

use super::Kind;
use super::read::Entity;
use super::row::Column;
use super::source::{FORMATS, Format, Product};
use crate::server::service::directory::account::Account;
use crate::server::service::directory::application::ApplicationEntry;
use crate::server::service::directory::role::RoleEntry;
use crate::server::service::directory::user::User;

impl Kind {
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Roles => RoleEntry::COLUMNS,
            Self::Applications => ApplicationEntry::COLUMNS,
            Self::Accounts => Account::COLUMNS,
            Self::Users => User::COLUMNS,
        }
    }
}

/// A file that can be filled in and imported: Understudy's own, or as another product writes it.
pub fn template(kind: Kind, product: Option<Product>) -> String {
    if let Some(format) = product.and_then(Format::of) {
        return format.example.to_owned();
    }
    let line = |cell: &dyn Fn(&Column) -> &'static str| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail.
        let written = writer.write_record(kind.columns().iter().map(cell)).is_ok();
        let bytes = if written { writer.into_inner().unwrap_or_default() } else { Vec::new() };
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    };
    format!("{}\n{}", line(&|column| column.name), line(&|column| column.example))
}

/// What `understudy import --help` says about the files; `examples/data/README.md` says it at length.
pub fn help() -> String {
    let mut help = String::from(
        "Files may be separated by commas, semicolons, tabs or bars, in UTF-8 or UTF-16; exports of other products are\n\
         recognised. `--template users` prints a file to begin with.\n\nColumns (* required). An empty cell and a missing column \
         leave things as they are; a cell with nothing but - clears.\n",
    );
    for kind in Kind::ALL {
        help.push_str(&format!("\n{}.csv\n", kind.as_str()));
        for column in kind.columns() {
            let star = if column.required { "*" } else { "" };
            let name = format!("{}{star}", column.name);
            help.push_str(&format!("  {name:<26} {}\n", column.help));
        }
    }
    let products: Vec<&str> = FORMATS.iter().map(|format| format.label).collect();
    help.push_str(&format!("\nAlso read: {}.\n", products.join("; ")));
    help.push_str(
        "\nBooleans are true or false, times 2026-11-23T08:30:00Z or 2026-11-23. Rows whose key (e-mail, external_id,\n\
         client_id, key) is known are updated. Nothing is imported unless every row of every file is good, or\n\
         --skip-bad-rows is given; what takes away protection or access is done only where --allow names it.",
    );
    help
}
