//! Takes out of the browser module what nothing in it can call though no linker can tell: a view is a table of functions,
//! and each table names all that a view could ever do.

use anyhow::{Result, bail};
use rustc_demangle::demangle;
use walrus::ir::{Visitor, dfs_in_order};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, LocalFunction, Module};

/// The functions that are taken out, by the ends of their names, and what alone begins with them: without that, each is
/// reached through others of its name only, or not at all.
const UNUSED: [(&str, &str); 2] = [
    // How a page is taken over whose code is loaded bit by bit. Ours is one module: `hydrate_body` does not wait.
    ("::hydrate_async", "::hydrate_from_async"),
    // The list of all routes, for a server's router.
    ("::generate_routes", "::to_html_with_buf"),
];

/// What is behind an asynchronous function's name: its code.
const CODE: &str = "::{{closure}}";

/// In instructions. The compiler makes one function of two that came out alike, and it has either's name: with so many
/// instructions nothing comes out like these but others of them.
const SHORTEST: u64 = 40;

/// The module without them. Whoever called one after all would stop at once, with its name in the trace.
///
/// # Errors
/// A module that is none, one in which nothing has such a name, for then the list above has become wrong, and one in which
/// something begins what is taken out, or anything else calls it. A call through a table cannot be seen.
pub fn taken_out(module: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(module)?;
    let mut unused = Vec::new();
    for (end, beginning) in UNUSED {
        if module.funcs.iter_local().any(|(id, _)| name(&module, id).contains(beginning)) {
            bail!("the browser module has {beginning}, which calls {end}: take it off the list of what is unused");
        }
        let before = unused.len();
        unused.extend(
            module.funcs.iter_local().filter(|(id, code)| is_unused(&module, *id, code, end)).map(|(id, _)| id),
        );
        if unused.len() == before {
            bail!("the browser module has no function {end}: take it off the list of what is unused");
        }
    }
    for (id, code) in module.funcs.iter_local() {
        // What is inside of one is unused like it, and stays: it may be what somebody else's inside came out like.
        let name_of = |id| name(&module, id);
        if UNUSED.iter().any(|(end, _)| name_of(id).ends_with(end) || name_of(id).contains(&format!("{end}::"))) {
            continue;
        }
        let mut calls = Calls(Vec::new());
        dfs_in_order(&mut calls, code, code.entry_block());
        if let Some(called) = calls.0.into_iter().find(|called| unused.contains(called)) {
            bail!("{} calls {}, which is taken for unused", name_of(id), name_of(called));
        }
    }
    for id in unused {
        trap(&mut module, id);
    }
    Ok(module.emit_wasm())
}

fn name(module: &Module, id: FunctionId) -> String {
    module.funcs.get(id).name.as_deref().map(|name| format!("{:#}", demangle(name))).unwrap_or_default()
}

fn is_unused(module: &Module, id: FunctionId, code: &LocalFunction, end: &str) -> bool {
    let name = name(module, id);
    name.strip_suffix(CODE).unwrap_or(&name).ends_with(end) && code.size() >= SHORTEST
}

struct Calls(Vec<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.push(*function);
    }
}

/// Leaves a function of the same type that stops.
fn trap(module: &mut Module, id: FunctionId) {
    let ty = module.types.get(module.funcs.get(id).ty());
    let (parameters, results) = (ty.params().to_vec(), ty.results().to_vec());
    let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
    builder.func_body().unreachable();
    let arguments = parameters.iter().map(|ty| module.locals.add(*ty)).collect();
    module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(arguments));
}

#[cfg(test)]
mod tests {
    use walrus::ir::Value;
    use walrus::{FunctionBuilder, FunctionId, Module, ValType};

    use super::{SHORTEST, UNUSED, taken_out};

    /// A function of so many pairs of instructions that gives 7, and calls `called` before.
    fn function(module: &mut Module, name: &str, pairs: u64, called: Option<FunctionId>) -> FunctionId {
        let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I64], &[ValType::I32]);
        builder.name(name.to_owned());
        let argument = module.locals.add(ValType::I64);
        let mut body = builder.func_body();
        if let Some(called) = called {
            body.local_get(argument).call(called).drop();
        }
        for _ in 0..pairs {
            body.const_(Value::I32(1)).drop();
        }
        body.const_(Value::I32(7));
        let id = builder.finish(vec![argument], &mut module.funcs);
        module.exports.add(name, id);
        id
    }

    /// A module with all that is taken out, and one of them.
    fn module() -> (Module, FunctionId) {
        let mut module = Module::default();
        let ids = UNUSED.map(|(end, _)| function(&mut module, &format!("a{end}{}", super::CODE), SHORTEST, None));
        (module, ids[0])
    }

    fn first(module: &[u8], name: &str) -> String {
        let module = Module::from_buffer(module).expect("a module");
        let id = module.exports.get_func(name).expect("a function");
        let function = module.funcs.get(id).kind.unwrap_local();
        format!("{:?}", function.block(function.entry_block()).instrs.first().expect("an instruction").0)
    }

    #[test]
    fn what_is_unused_stops_and_the_rest_is_kept() {
        let (mut module, _) = module();
        // What only sounds like it, and what is short enough to be somebody else's too.
        let kept = ["used", "a::hydrate_async::{{closure}}::prep", "a::hydrate_async_more"];
        for name in kept {
            function(&mut module, name, SHORTEST, None);
        }
        function(&mut module, "short::hydrate_async", 1, None);
        let small = taken_out(&module.emit_wasm()).expect("a module");
        for name in ["a::hydrate_async::{{closure}}", "a::generate_routes::{{closure}}"] {
            assert!(first(&small, name).starts_with("Unreachable"), "{name}: {}", first(&small, name));
        }
        for name in kept.into_iter().chain(["short::hydrate_async"]) {
            assert!(first(&small, name).starts_with("Const"), "{name}: {}", first(&small, name));
        }
    }

    #[test]
    fn what_somebody_calls_is_not_unused() {
        for caller in ["caller", "a::hydrate_async_more"] {
            let (mut module, called) = module();
            function(&mut module, caller, 0, Some(called));
            let said = taken_out(&module.emit_wasm()).expect_err("it is called").to_string();
            assert!(said.contains(&format!("{caller} calls a::hydrate_async")), "{said}");
        }
        let (mut module, called) = module();
        function(&mut module, "a::hydrate_async::inside", 0, Some(called));
        taken_out(&module.emit_wasm()).expect("what is inside is unused, too");
    }

    #[test]
    fn what_has_a_beginning_is_not_unused() {
        let (mut module, _) = module();
        function(&mut module, "leptos::mount::hydrate_from_async::{{closure}}", 1, None);
        let said = taken_out(&module.emit_wasm()).expect_err("it begins").to_string();
        assert!(said.contains("::hydrate_from_async"), "{said}");
    }

    #[test]
    fn a_name_that_nothing_has_is_said() {
        let mut module = Module::default();
        function(&mut module, "a::hydrate_async", SHORTEST, None);
        let said = taken_out(&module.emit_wasm()).expect_err("a name is missing").to_string();
        assert!(said.contains("::generate_routes"), "{said}");
    }
}
