//! Layout: structs, bindings and constants agree between Rust and WGSL. naga, the compiler inside
//! wgpu, parses every shader; this needs no GPU.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, ArraySize, Expression, Literal, Module, StorageAccess, TypeInner};
use shoal::engine::activation::Activation;
use shoal::engine::buffer::Access;
use shoal::engine::buffer::Buffer;
use shoal::engine::graph::Reduction;
use shoal::engine::kernel::Kernel;
use shoal::engine::layout::DeviceCall;
use shoal::engine::layout::DeviceNode;
use shoal::engine::layout::DeviceRun;
use shoal::engine::layout::DeviceTile;
use shoal::engine::layout::LANES;
use shoal::engine::layout::NO_WEIGHTS;
use shoal::engine::layout::ONE_MATRIX;
use shoal::engine::layout::RESIDENT_CLIPPED;
use shoal::engine::layout::RESIDENT_FUSED;
use shoal::engine::layout::RESIDENT_STORED;
use shoal::engine::layout::State;
use shoal::engine::layout::phase;
use shoal::engine::layout::stopped;
use shoal::engine::loss::LOSSES;
use shoal::engine::measure::ceiling;
use shoal::engine::measure::ceiling::TURNS;
use shoal::engine::measure::triad;
use shoal::engine::precision::GROWTH_STEPS;
use shoal::engine::precision::LEAST_SCALE;
use shoal::engine::precision::MOST_SCALE;
use shoal::engine::precision::Precision;
use shoal::engine::shader;
use shoal::engine::shape::Rows;
use shoal::engine::step::kernels;
use shoal::engine::tile::{LARGE, RESIDENT, TileSet};

fn all_kernels() -> Vec<&'static Kernel> {
    let beside = [&ceiling::KERNEL, &triad::KERNEL];
    kernels().into_iter().chain(beside).collect()
}

/// The tile sets with small products and every kernel, and with large ones, in every precision.
fn texts() -> impl Iterator<Item = TileSet> {
    Precision::ALL
        .into_iter()
        .flat_map(|precision| [RESIDENT, LARGE].map(|set| set.with(precision)))
}

/// Every kernel that a precision has, with every tile.
pub fn all_texts() -> impl Iterator<Item = (&'static Kernel, TileSet)> {
    let sets = |kernel: &'static Kernel| {
        let mut sets: Vec<TileSet> = texts().collect();
        sets.dedup_by_key(|set| (set.precision, kernel.product_tile(set)));
        sets.into_iter().map(move |set| (kernel, set))
    };
    // ceilings are measured in f32
    let alone = [ceiling::KERNEL.name, triad::KERNEL.name];
    let measured = move |(kernel, set): &(&Kernel, TileSet)| {
        kernel.is_used(set) && (!alone.contains(&kernel.name) || set.precision == Precision::F32)
    };
    all_kernels().into_iter().flat_map(sets).filter(measured)
}

/// The module, validated without optional capabilities, except for those of its tile set.
pub fn parse(kernel: &Kernel, set: &TileSet) -> (Module, ModuleInfo) {
    let (name, source) = (kernel.name, kernel.source(set));
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
    let mut capabilities = Capabilities::empty();
    if set.precision == Precision::F16 {
        // unpack2x16float, which Vulkan, Metal and DX12 always have; not the f16 type
        capabilities |= Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    }
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
    (module, info)
}

/// A type in WGSL notation.
fn spell(module: &Module, ty: naga::Handle<naga::Type>) -> String {
    let ty = &module.types[ty];
    let short = |scalar: &naga::Scalar| match (scalar.kind, scalar.width) {
        (naga::ScalarKind::Uint, width) => format!("u{}", 8 * width),
        (naga::ScalarKind::Float, width) => format!("f{}", 8 * width),
        other => panic!("a type that Rust does not share: {other:?}"),
    };
    match &ty.inner {
        TypeInner::Scalar(one) => short(one),
        TypeInner::Vector { size, scalar } => format!("vec{}<{}>", *size as u8, short(scalar)),
        TypeInner::Array { base, size: ArraySize::Dynamic, .. } => {
            format!("array<{}>", spell(module, *base))
        }
        TypeInner::Struct { .. } => ty.name.clone().expect("a struct has a name"),
        other => panic!("a type that Rust does not share: {other:?}"),
    }
}

/// Name, type, offset of each member of a WGSL struct, and its size.
fn wgsl_struct(module: &Module, name: &str) -> (Vec<(String, String, usize)>, usize) {
    let found = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name));
    let TypeInner::Struct { members, span } = &found.expect("it exists").1.inner else {
        panic!("{name} is no struct")
    };
    let member = |member: &naga::StructMember| {
        let name = member.name.clone().expect("a member has a name");
        (name, spell(module, member.ty), member.offset as usize)
    };
    (members.iter().map(member).collect(), *span as usize)
}

/// The same of a Rust struct, from its source: with `repr(C)` and fields of four bytes the offsets
/// follow from the order.
fn rust_struct(name: &str, size: usize) -> (Vec<(String, String, usize)>, usize) {
    let source = include_str!("../../src/engine/layout.rs");
    let head = format!("pub struct {name}");
    let (before, after) = source.split_once(&head).unwrap_or_else(|| panic!("no {head}"));
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    assert!(attributes.contains("#[repr(C)]"), "{name} is not repr(C)");
    let (body, _) = after.split_once('}').expect("it ends");
    let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub "));
    let fields: Vec<_> = (0..)
        .zip(fields)
        .map(|(place, field)| {
            let (name, ty) = field.trim_end_matches(',').split_once(": ").expect("name: type");
            (name.to_owned(), if ty == "F" { "f32" } else { ty }.to_owned(), 4 * place)
        })
        .collect();
    assert_eq!(4 * fields.len(), size, "{name}");
    (fields, size)
}

#[test]
fn structs_have_the_same_fields_types_offsets_and_sizes() {
    let structs = [
        ("Run", "DeviceRun", size_of::<DeviceRun>()),
        ("Node", "DeviceNode", size_of::<DeviceNode>()),
        ("Tile", "DeviceTile", size_of::<DeviceTile>()),
        ("Call", "DeviceCall", size_of::<DeviceCall>()),
        ("State", "State", size_of::<State<f32>>()),
    ];
    for (kernel, set) in all_texts() {
        let (module, _) = parse(kernel, &set);
        for (wgsl, rust, size) in structs {
            assert_eq!(wgsl_struct(&module, wgsl), rust_struct(rust, size), "{}", kernel.name);
        }
    }
    // the offsets that were inferred are those of the compiler
    assert_eq!(std::mem::offset_of!(DeviceRun, matrices), size_of::<DeviceRun>() - 4);
    assert_eq!(std::mem::offset_of!(State<f32>, batch_sum), 52);
}

/// The element type of a buffer in a kernel: AdamW reads vec4s in pairs.
fn element(buffer: Buffer, kernel: &Kernel, set: &TileSet) -> &'static str {
    let by_two = kernel.name == "adamw";
    let vec4 = if by_two { "TwoVec4" } else { "vec4<f32>" };
    let f16 = if by_two { "vec4<u32>" } else { "vec2<u32>" };
    match buffer {
        Buffer::Runs => "Run",
        Buffer::Nodes => "Node",
        Buffer::States => "State",
        Buffer::Tiles => "Tile",
        Buffer::Rows => "u32",
        Buffer::Data => "u32",
        Buffer::Parameters => vec4,
        Buffer::Gradients | Buffer::Weights | Buffer::Work if set.precision == Precision::F16 => {
            f16
        }
        Buffer::Gradients | Buffer::Weights | Buffer::Work => vec4,
    }
}

#[test]
fn bindings_are_those_of_the_kernel() {
    for (kernel, set) in all_texts() {
        let (module, info) = parse(kernel, &set);
        let entries = module.entry_points.iter();
        let place = entries.clone().position(|entry| entry.name == kernel.entry());
        let own = info.get_entry_point(place.expect("its entry point"));
        let shared = entries.len() > 1;
        let mut found = BTreeMap::new();
        for (handle, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else {
                continue;
            };
            // entry points of one file need not use all that it binds
            if shared && own[handle].is_empty() {
                continue;
            }
            let access = match variable.space {
                AddressSpace::Storage { access } if access == StorageAccess::LOAD => "read",
                AddressSpace::Storage { access }
                    if access == StorageAccess::LOAD | StorageAccess::STORE =>
                {
                    "read_write"
                }
                AddressSpace::Uniform => "uniform",
                other => panic!("{}: {other:?}", kernel.name),
            };
            let described = format!(
                "{access} {}: {}",
                variable.name.as_deref().unwrap_or("?"),
                spell(&module, variable.ty)
            );
            found.insert((binding.group, binding.binding), described);
        }
        let mut expected = BTreeMap::from([((1, 0), "uniform call: Call".to_owned())]);
        for (binding, (buffer, access)) in (0..).zip(kernel.bindings) {
            let access = if *access == Access::Read { "read" } else { "read_write" };
            let described =
                format!("{access} {}: array<{}>", buffer.name(), element(*buffer, kernel, &set));
            expected.insert((0, binding), described);
        }
        if shared {
            expected.retain(|place, _| found.contains_key(place));
        }
        assert_eq!(found, expected, "{}", kernel.name);
        assert!(kernel.bindings.len() <= 7, "{}: more storage buffers than all have", kernel.name);
    }
}

#[test]
fn overrides_are_those_that_rust_passes_within_the_portable_limits() {
    for (kernel, set) in all_texts() {
        let (module, info) = parse(kernel, &set);
        let what = format!("{}, {} tiles, {}", kernel.name, set.name, set.precision.name());
        let mut named = BTreeSet::new();
        // one without a name is an expression of others: the size of an array
        for (_, constant) in module.overrides.iter().filter(|(_, one)| one.name.is_some()) {
            assert!(constant.init.is_none(), "{what}: {:?} has a default", constant.name);
            assert_eq!(spell(&module, constant.ty), "u32", "{what}");
            named.insert(constant.name.clone().expect("an override has a name"));
        }
        let passed = (kernel.constants)(&set);
        let names: BTreeSet<String> = passed.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(named, names, "{what}");
        assert_eq!(names.len(), passed.len(), "{what}: one twice");

        let constants: naga::back::PipelineConstants =
            passed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let entry = Some((naga::ShaderStage::Compute, kernel.entry()));
        let (module, _) = process_overrides(&module, &info, entry, &constants).expect("they apply");
        let mut entries = module.entry_points.iter();
        let entry = entries.find(|entry| entry.name == kernel.entry()).expect("its entry point");
        let threads: u32 = entry.workgroup_size.iter().product();
        assert!((1..=256).contains(&threads), "{what}: {threads} threads");
        let shared = module.global_variables.iter();
        let shared = shared.filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 =
            shared.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx())).sum();
        assert!(bytes <= 16 << 10, "{what}: {bytes} bytes of workgroup memory");
    }
}

#[test]
fn shared_constants_are_the_same() {
    let mut known = BTreeMap::from([
        ("PHASE_FRESH".to_owned(), phase::FRESH),
        ("PHASE_TRAIN".to_owned(), phase::TRAIN),
        ("PHASE_VALIDATE".to_owned(), phase::VALIDATE),
        ("PHASE_DONE".to_owned(), phase::DONE),
        ("STOPPED_NOT".to_owned(), stopped::NOT),
        ("STOPPED_PATIENCE".to_owned(), stopped::PATIENCE),
        ("STOPPED_EPOCHS".to_owned(), stopped::EPOCHS),
        ("STOPPED_DIVERGED".to_owned(), stopped::DIVERGED),
        ("LANES".to_owned(), LANES as u32),
        ("GROWTH_STEPS".to_owned(), GROWTH_STEPS),
        ("NO_WEIGHTS".to_owned(), NO_WEIGHTS),
        ("ONE_MATRIX".to_owned(), ONE_MATRIX),
        ("RESIDENT_FUSED".to_owned(), RESIDENT_FUSED),
        ("RESIDENT_STORED".to_owned(), RESIDENT_STORED),
        ("RESIDENT_CLIPPED".to_owned(), RESIDENT_CLIPPED),
    ]);
    for loss in LOSSES {
        known.insert(loss.name.replace('-', "_").to_uppercase(), loss.code());
    }
    for activation in Activation::ALL {
        known.insert(activation.name().to_uppercase(), activation.code());
    }
    for reduction in Reduction::ALL {
        known.insert(reduction.name().to_uppercase(), reduction.code());
    }
    for rows in [Rows::Examples, Rows::Items, Rows::Edges] {
        known.insert(format!("{rows:?}").to_uppercase(), rows.code());
    }
    let mut seen = BTreeMap::new();
    for (kernel, set) in all_texts() {
        let (module, _) = parse(kernel, &set);
        for (_, constant) in module.constants.iter() {
            let value = &module.global_expressions[constant.init];
            let (Some(name), Expression::Literal(value)) = (&constant.name, value) else {
                continue;
            };
            match (name.as_str(), value) {
                ("EXACT" | "IN_DATUM", Literal::U32(value)) => {
                    assert_eq!(*value as usize, 4 / set.precision.bytes(), "{name}");
                }
                ("LEAST_SCALE", value) => assert_eq!(*value, Literal::F32(LEAST_SCALE)),
                ("MOST_SCALE", value) => assert_eq!(*value, Literal::F32(MOST_SCALE)),
                // of lanes; products have as many as their tile set says
                ("THREADS", Literal::U32(value)) => assert_eq!(*value as usize, LANES),
                ("UNROLLED", Literal::U32(value)) => assert_eq!(TURNS % value, 0),
                // of the tile of a product
                ("ROWS" | "UNITS" | "TERMS", _) => {}
                (_, Literal::U32(value)) => {
                    seen.insert(name.clone(), *value);
                }
                // other floats are limits within one shader
                _ => {}
            }
        }
    }
    assert_eq!(seen, known);
}

/// The names that kernels of the Rust files below a folder may have: `forward.rs` in the folder
/// `dense` has those of `forward` and `dense_forward`.
fn pages(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(pages(&path));
        } else {
            found.insert(name(&path));
            found.insert(format!("{}_{}", name(folder), name(&path)));
        }
    }
    found
}

#[test]
fn every_shader_is_a_kernel_or_imported_by_one() {
    let mut unused: BTreeSet<String> = shader::names().into_iter().collect();
    for (kernel, set) in all_texts() {
        for file in shader::files(shader::entry(kernel.name).0, &set) {
            unused.remove(&file);
        }
    }
    assert_eq!(unused, BTreeSet::new(), "shaders that no kernel needs");
    let pages = pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine"));
    for kernel in all_kernels() {
        let names = [kernel.name, shader::entry(kernel.name).0];
        let found = names.into_iter().any(|name| pages.contains(name));
        assert!(found, "no file of {} in src/engine", kernel.name);
    }
    let names: Vec<&str> = all_kernels().iter().map(|kernel| kernel.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name twice");
}

/// Names that a text calls as functions, and names that it defines.
fn called_and_defined(text: &str) -> [BTreeSet<String>; 2] {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in code.match_indices('(') {
        let start = code[..at].rfind(|c| !is_name(c)).map_or(0, |before| before + 1);
        let name = code[start..at].to_owned();
        let defines = code[..start].ends_with("fn ");
        if !name.is_empty() {
            found[usize::from(defines)].insert(name);
        }
    }
    for kind in ["struct ", "alias "] {
        for (at, _) in code.match_indices(kind) {
            let rest = &code[at + kind.len()..];
            found[1].insert(rest.chars().take_while(|c| is_name(*c)).collect());
        }
    }
    found
}

/// A function is defined in the file that calls it or in one that this file imports, directly or
/// through others: so a reader finds every function from the file itself.
#[test]
fn every_function_is_found_from_the_file_that_calls_it() {
    // of WGSL itself, and what a kernel gives to a page that it imports: `put` to weights_tile,
    // `weight` to products, `place_of` to gather_batch, `gradient_at` to norm_block, `rows_of` to
    // reduce, `serve` to tile_main
    let known: BTreeSet<&str> = BTreeSet::from([
        "put",
        "put_bias",
        "begins",
        "weight",
        "place_of",
        "gradient_at",
        "rows_of",
        "serve",
        "if",
        "for",
        "while",
        "switch",
        "return",
        "select",
        "min",
        "max",
        "abs",
        "exp",
        "sqrt",
        "sin",
        "cos",
        "tanh",
        "sign",
        "dot",
        "fma",
        "bitcast",
        "u32",
        "i32",
        "f32",
        "vec2u",
        "vec4u",
        "vec4f",
        "vec2f",
        "vec3u",
        "mat4x4f",
        "transpose",
        "workgroupBarrier",
        "workgroupUniformLoad",
        "storageBarrier",
        "unpack2x16float",
        "pack2x16float",
        "any",
        "all",
        "clamp",
        "log",
        "pow",
        "floor",
        "round",
        "workgroup_size",
        "binding",
        "group",
        "builtin",
        "case",
        "override",
        "arrayLength",
        "step",
        "extractBits",
        "insertBits",
        "countLeadingZeros",
        "firstLeadingBit",
    ]);
    for set in texts() {
        for name in shader::names() {
            let mut defined = BTreeSet::new();
            for file in shader::files(&name, &set) {
                defined.extend(called_and_defined(shader::text(&file))[1].clone());
            }
            let [called, _] = called_and_defined(shader::text(&name));
            let lost = called
                .iter()
                .filter(|one| !known.contains(one.as_str()) && !defined.contains(*one));
            assert_eq!(
                lost.collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{name}: {} tiles",
                set.name
            );
        }
    }
}
