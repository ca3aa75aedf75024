//! Puts the module's functions beside those that are most like them. Which number a function has means nothing to the
//! module, but brotli pays more for a repetition the further back it is, and guesses better among what is alike.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, FunctionBody, FunctionSectionReader, Operator, Parser, Payload, TypeRef};

/// How many instructions in a row make one trait of a function, besides each for itself.
const ROW: usize = 3;

/// The same module in another order.
///
/// # Errors
/// A module that is none.
pub fn alike_together(module: &[u8]) -> Result<Vec<u8>> {
    let mut imported = 0;
    let mut types = Vec::new();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::FunctionSection(section) => types = section.into_iter().collect::<Result<_, _>>()?,
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    let mut new = vec![0; bodies.len()];
    let order = chain(&types, &bodies)?;
    for (number, old) in (imported..).zip(&order) {
        new[*old] = number;
    }
    let mut ordered = Module::new();
    let mut reordered = Reordered { imported, order, new };
    reordered
        .parse_core_module(&mut ordered, Parser::new(0), module)
        .context("cannot write the browser module in another order")?;
    Ok(ordered.finish())
}

/// Every function once: after each, the one that is most like it of those that are left.
fn chain(types: &[u32], bodies: &[FunctionBody]) -> Result<Vec<usize>> {
    let mut sorted: Vec<usize> = (0..bodies.len()).collect();
    sorted.sort_by_key(|id| (types.get(*id), bodies[*id].as_bytes().len(), bodies[*id].as_bytes()));

    let mut numbers = HashMap::new();
    let traits: Vec<Vec<(usize, f32)>> =
        sorted.iter().map(|id| traits(&bodies[*id], &mut numbers)).collect::<Result<_>>()?;
    let mut with_trait = vec![Vec::new(); numbers.len()];
    for (place, traits) in traits.iter().enumerate() {
        for (number, weight) in traits {
            with_trait[*number].push((place, *weight));
        }
    }

    let mut order = Vec::with_capacity(sorted.len());
    let mut left = vec![true; sorted.len()];
    let mut next = (!sorted.is_empty()).then_some(0);
    while let Some(place) = next {
        order.push(sorted[place]);
        left[place] = false;
        let mut likeness = vec![0.0; sorted.len()];
        for (number, weight) in &traits[place] {
            for (other, its) in &with_trait[*number] {
                likeness[*other] += weight * its;
            }
        }
        // Of two that are equally alike, the first.
        next =
            (0..sorted.len()).rev().filter(|place| left[*place]).max_by(|a, b| likeness[*a].total_cmp(&likeness[*b]));
    }
    Ok(order)
}

/// What a function's code has, and how much of it, as a vector of length one. `numbers` are the names of all that any has.
fn traits(body: &FunctionBody, numbers: &mut HashMap<Vec<u8>, usize>) -> Result<Vec<(usize, f32)>> {
    let code = body.as_bytes();
    let start = body.range().start;
    let mut instructions: Vec<&[u8]> = Vec::new();
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let (operator, at) = reader.read_with_offset()?;
        let end = match operator {
            // Which function and which number differ most between two that came of the same source.
            Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::I32Const { .. }
            | Operator::I64Const { .. } => at + 1,
            _ => reader.original_position(),
        };
        instructions.push(&code[at - start..end - start]);
    }
    let rows = instructions.windows(ROW).map(<[_]>::concat);
    let mut counts: BTreeMap<usize, f32> = BTreeMap::new();
    for one in instructions.iter().map(|one| one.to_vec()).chain(rows) {
        let next = numbers.len();
        *counts.entry(*numbers.entry(one).or_insert(next)).or_default() += 1.0;
    }
    // Roots: what is there a hundred times says little more than what is there ten times.
    let length = counts.values().sum::<f32>().sqrt();
    Ok(counts.into_iter().map(|(number, count)| (number, count.sqrt() / length)).collect())
}

/// Writes a module with its own functions in `order`; `new` is the number that each then has.
struct Reordered {
    imported: u32,
    order: Vec<usize>,
    new: Vec<u32>,
}

impl Reencode for Reordered {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, old: u32) -> Result<u32, Error> {
        let own = old.checked_sub(self.imported).and_then(|own| self.new.get(own as usize));
        Ok(own.copied().unwrap_or(old))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for id in &self.order {
            functions.function(types[*id]);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for id in self.order.clone() {
            self.parse_function_body(code, bodies[id].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use walrus::{ConstExpr, ElementItems, ElementKind, FunctionBuilder, Module};

    use super::alike_together;

    /// Two kinds of functions in turn, each called by the next one, all in a table and exported by name.
    fn module() -> Vec<u8> {
        let mut module = Module::default();
        let ty = module.types.add(&[], &[]);
        let (imported, _) = module.add_import_func("a", "b", ty);
        let mut ids = vec![imported];
        for number in 0..8 {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            let mut body = builder.func_body();
            for _ in 0..5 {
                if number % 2 == 0 {
                    body.i32_const(number).drop();
                } else {
                    body.f64_const(f64::from(number)).drop();
                }
            }
            body.call(ids[ids.len() - 1]);
            let id = builder.finish(Vec::new(), &mut module.funcs);
            module.exports.add(&number.to_string(), id);
            ids.push(id);
        }
        let table = module.tables.add_local(false, 9, Some(9), walrus::RefType::FUNCREF);
        let kind = ElementKind::Active { table, offset: ConstExpr::Value(walrus::ir::Value::I32(0)) };
        module.elements.add(kind, ElementItems::Functions(ids));
        module.emit_wasm()
    }

    /// What each exported function is made of, by its name, down to what it calls.
    fn meaning(module: &[u8]) -> Vec<String> {
        let module = Module::from_buffer(module).expect("a module");
        let exported = |id| {
            module
                .exports
                .iter()
                .find(|export| matches!(export.item, walrus::ExportItem::Function(other) if other == id))
        };
        let name = |id| exported(id).map_or("imported", |export| export.name.as_str());
        let code = |number: i32| {
            let id = module.exports.get_func(number.to_string()).expect("a function");
            let function = module.funcs.get(id).kind.unwrap_local();
            let instructions = &function.block(function.entry_block()).instrs;
            let shown = instructions.iter().map(|(instruction, _)| match instruction {
                walrus::ir::Instr::Call(call) => format!("call {}", name(call.func)),
                other => format!("{other:?}"),
            });
            shown.collect::<Vec<_>>().join(" ")
        };
        let table = module.elements.iter().next().map(|element| match &element.items {
            ElementItems::Functions(ids) => ids.iter().map(|id| name(*id)).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        });
        (0..8).map(code).chain(table).collect()
    }

    fn numbers(module: &[u8]) -> Vec<u32> {
        let exports = wasmparser::Parser::new(0).parse_all(module).find_map(|payload| match payload {
            Ok(wasmparser::Payload::ExportSection(section)) => Some(section),
            _ => None,
        });
        let mut named: Vec<(u32, u32)> = exports
            .expect("exports")
            .into_iter()
            .map(|export| export.expect("an export"))
            .map(|export| (export.name.parse().expect("a number"), export.index))
            .collect();
        named.sort_unstable();
        named.into_iter().map(|(_, index)| index).collect()
    }

    #[test]
    fn what_is_alike_stands_together_and_means_what_it_meant() {
        let before = module();
        let after = alike_together(&before).expect("a module");
        assert_eq!(meaning(&after), meaning(&before));
        assert_eq!(after.len(), before.len());
        let place = numbers(&after);
        let (even, odd): (Vec<u32>, Vec<u32>) =
            (place.iter().step_by(2).copied().collect(), place.iter().skip(1).step_by(2).copied().collect());
        let apart = even.iter().max() < odd.iter().min() || odd.iter().max() < even.iter().min();
        assert!(apart, "the two kinds are mixed: {place:?}");
        assert_eq!(alike_together(&after).map(|again| meaning(&again)).ok(), Some(meaning(&before)));
    }
}
