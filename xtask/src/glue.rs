//! Pares down the script between module and browser, and what the module has for it: classes that no page of ours makes, and
//! names that only these two call each other by.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use walrus::Module;

/// A module and its glue.
#[derive(Debug)]
pub struct Pared {
    pub module: Vec<u8>,
    pub glue: String,
}

/// Without the classes that are exported to scripts, of which there are none but the document's, and what only they call; with
/// short names for what the module imports; without comments and indents.
///
/// # Errors
/// A glue that is not written as it was when this was: something else in it needs such a class, or a text goes over lines.
pub fn pared(module: &[u8], glue: &str) -> Result<Pared> {
    let mut module = Module::from_buffer(module)?;
    let glue = unindented(&without_classes(glue)?)?;

    let called: BTreeSet<&str> = words(&glue).collect();
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !called.contains(export.name.as_str()))
        .map(|export| export.id())
        .collect();
    for export in unused {
        module.exports.delete(export);
    }

    let mut short = BTreeMap::new();
    for import in module.imports.iter_mut().filter(|import| import.name.starts_with("__wb")) {
        if !called.contains(import.name.as_str()) {
            bail!("the glue does not have {}, which the module imports", import.name);
        }
        let number = short.len();
        let name = short.entry(std::mem::take(&mut import.name)).or_insert_with(|| format!("_{number}"));
        import.name.clone_from(name);
    }
    let glue = renamed(&glue, &short);
    Ok(Pared { module: module.emit_wasm(), glue })
}

/// Statements at the top: each begins where a line does, and has the lines that are further in, and those that close it.
fn statements(glue: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in glue.lines() {
        match all.last_mut() {
            Some(last) if line.is_empty() || line.starts_with([' ', '}', ')']) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => all.push(line.to_owned()),
        }
    }
    all
}

fn without_classes(glue: &str) -> Result<String> {
    let all = statements(glue);
    let named =
        |statement: &String| statement.strip_prefix("export class ")?.split([' ', '{']).next().map(str::to_owned);
    let classes: Vec<String> = all.iter().filter_map(named).collect();
    let is_of = |statement: &str, class: &String| {
        ["export class ", "if (Symbol.dispose) ", "const "]
            .into_iter()
            .filter_map(|beginning| statement.strip_prefix(beginning)?.strip_prefix(class.as_str()))
            .any(|rest| rest.starts_with([' ', '.']) || rest.starts_with("Finalization "))
    };
    let kept: Vec<String> =
        all.into_iter().filter(|statement| !classes.iter().any(|class| is_of(statement, class))).collect();
    let kept = kept.join("\n");
    if let Some(class) = classes.iter().find(|class| kept.contains(class.as_str())) {
        bail!("the glue uses its class {class}, which is taken for unused");
    }
    Ok(kept)
}

fn unindented(glue: &str) -> Result<String> {
    if let Some(line) = glue.lines().find(|line| line.matches('`').count() % 2 == 1) {
        bail!("a text of the glue goes over lines: {line}");
    }
    let is_code = |line: &&str| !line.is_empty() && !["//", "/*", "*"].iter().any(|start| line.starts_with(start));
    Ok(glue.lines().map(str::trim).filter(is_code).collect::<Vec<_>>().join("\n"))
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$'
}

fn words(script: &str) -> impl Iterator<Item = &str> {
    script.split(|letter| !is_of_word(letter)).filter(|word| !word.is_empty())
}

fn renamed(script: &str, names: &BTreeMap<String, String>) -> String {
    let mut renamed = String::with_capacity(script.len());
    let mut rest = script;
    while !rest.is_empty() {
        let word = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        renamed.push_str(names.get(word).map_or(word, String::as_str));
        let between = after.find(is_of_word).unwrap_or(after.len());
        renamed.push_str(&after[..between]);
        rest = &after[between..];
    }
    renamed
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, Module, ValType};

    use super::pared;

    const GLUE: &str = "export class Sink {
    free() {
        wasm.__wbg_sink_free(0);
    }
}
if (Symbol.dispose) Sink.prototype[Symbol.dispose] = Sink.prototype.free;

/**
 * Takes over.
 */
export function hydrate() {
    wasm.hydrate();
}
function __wbg_get_imports() {
    return {
        // A comment.
        __wbg_log_0123456789abcdef: function(arg0) { return `${arg0} __wbg_log`; },
    };
}
const SinkFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_sink_free(ptr, 1));
";

    fn module() -> Vec<u8> {
        let mut module = Module::default();
        let ty = module.types.add(&[ValType::I32], &[]);
        module.add_import_func("./understudy_bg.js", "__wbg_log_0123456789abcdef", ty);
        for name in ["hydrate", "__wbg_sink_free"] {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.func_body();
            let id = builder.finish(Vec::new(), &mut module.funcs);
            module.exports.add(name, id);
        }
        module.emit_wasm()
    }

    #[test]
    fn what_no_page_calls_goes_and_the_rest_finds_each_other() {
        let pared = pared(&module(), GLUE).expect("a module");
        assert_eq!(
            pared.glue,
            "export function hydrate() {\nwasm.hydrate();\n}\nfunction __wbg_get_imports() {\nreturn {\n\
             _0: function(arg0) { return `${arg0} __wbg_log`; },\n};\n}"
        );
        let module = Module::from_buffer(&pared.module).expect("a module");
        let exports: Vec<_> = module.exports.iter().map(|export| export.name.as_str()).collect();
        let imports: Vec<_> = module.imports.iter().map(|import| import.name.as_str()).collect();
        assert_eq!((exports, imports), (vec!["hydrate"], vec!["_0"]));
    }

    #[test]
    fn a_glue_that_is_written_otherwise_is_refused() {
        let said = |glue: String| pared(&module(), &glue).expect_err("refused").to_string();
        assert!(said(GLUE.to_owned() + "\nconst sink = new Sink();").contains("class Sink"));
        assert!(said(GLUE.to_owned() + "\nconst text = `a\nb`;").contains("over lines"));
        assert!(said(GLUE.replace("__wbg_log_0123456789abcdef:", "log:")).contains("does not have __wbg_log"));
    }
}
