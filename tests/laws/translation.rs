//! Translation: every kernel, of every tile set in every precision, is accepted in the language of
//! each API, with the options that wgpu sets: SPIR-V for Vulkan, MSL for Metal, HLSL for DX12. This
//! needs no GPU.

use std::collections::BTreeMap;

use naga::back::pipeline_constants::process_overrides;
use naga::back::{hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{AddressSpace, Module, ResourceBinding, ShaderStage, StorageAccess};
use shoal::engine::kernel::Kernel;
use shoal::engine::tile::TileSet;

use crate::layout::{all_texts, parse};

/// Oldest and newest versions that wgpu asks for.
const METAL: [(u8, u8); 2] = [(2, 0), (3, 1)];
const SHADER_MODELS: [hlsl::ShaderModel; 2] = [hlsl::ShaderModel::V5_1, hlsl::ShaderModel::V6_6];

/// A kernel with its constants in place.
struct Final {
    module: Module,
    info: ModuleInfo,
    entry: (ShaderStage, String),
}

impl Final {
    fn new(kernel: &Kernel, set: &TileSet) -> Self {
        let (module, info) = parse(kernel, set);
        let constants = (kernel.constants)(set).into_iter();
        let constants = constants.map(|(name, value)| (name.to_owned(), value)).collect();
        let entry = (ShaderStage::Compute, kernel.entry().to_owned());
        let place = Some((entry.0, entry.1.as_str()));
        let (module, info) = process_overrides(&module, &info, place, &constants).expect("apply");
        Self { module: module.into_owned(), info: info.into_owned(), entry }
    }

    fn bindings(&self) -> impl Iterator<Item = (u8, ResourceBinding, AddressSpace)> {
        let variables = self.module.global_variables.iter();
        let bound = variables.filter_map(|(_, one)| Some((one.binding?, one.space)));
        (0..).zip(bound).map(|(place, (binding, space))| (place, binding, space))
    }

    fn spirv(&self) -> Result<(), String> {
        let options = spv::Options { bounds_check_policies: unchecked(), ..Default::default() };
        let entry =
            spv::PipelineOptions { shader_stage: self.entry.0, entry_point: self.entry.1.clone() };
        let words = spv::write_vec(&self.module, &self.info, &options, Some(&entry));
        words.map(drop).map_err(|error| error.to_string())
    }

    fn metal(&self, lang_version: (u8, u8)) -> Result<(), String> {
        let mut resources = msl::EntryPointResources::default();
        for (place, binding, space) in self.bindings() {
            let mutable = matches!(space, AddressSpace::Storage { access }
                if access.contains(StorageAccess::STORE));
            let target = msl::BindTarget { buffer: Some(place), mutable, ..Default::default() };
            resources.resources.insert(binding, target);
        }
        resources.sizes_buffer = Some(30);
        let options = msl::Options {
            lang_version,
            fake_missing_bindings: false,
            per_entry_point_map: [(self.entry.1.clone(), resources)].into_iter().collect(),
            bounds_check_policies: unchecked(),
            ..Default::default()
        };
        let entry =
            msl::PipelineOptions { entry_point: Some(self.entry.clone()), ..Default::default() };
        let text = msl::write_string(&self.module, &self.info, &options, &entry);
        let (_, translated) = text.map_err(|error| error.to_string())?;
        translated.entry_point_names.into_iter().try_for_each(|name| match name {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        })
    }

    fn hlsl(&self, shader_model: hlsl::ShaderModel) -> Result<(), String> {
        let target = |space, register| hlsl::BindTarget { space, register, ..Default::default() };
        let bound = self.bindings();
        let options = hlsl::Options {
            shader_model,
            binding_map: bound.map(|(place, at, _)| (at, target(0, place.into()))).collect(),
            fake_missing_bindings: false,
            special_constants_binding: Some(target(1, 0)),
            ..Default::default()
        };
        let entry = hlsl::PipelineOptions { entry_point: Some(self.entry.clone()) };
        let mut text = String::new();
        let mut writer = hlsl::Writer::new(&mut text, &options, &entry);
        let translated = writer.write(&self.module, &self.info, None);
        translated.map(drop).map_err(|error| error.to_string())
    }
}

/// As `create_shader_module_trusted` asks for.
fn unchecked() -> BoundsCheckPolicies {
    let policy = BoundsCheckPolicy::Unchecked;
    BoundsCheckPolicies { index: policy, buffer: policy, image_load: policy, binding_array: policy }
}

#[test]
fn every_kernel_is_translated_for_vulkan_metal_and_dx12() {
    let mut failures: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for (kernel, set) in all_texts() {
        let shader = Final::new(kernel, &set);
        let mut check = |language: String, result: Result<(), String>| {
            count += 1;
            if let Err(error) = result {
                let precision = set.precision.name();
                let what = format!("{} in {language}, {} {precision}", kernel.name, set.name);
                failures.entry(error).or_default().push(what);
            }
        };
        check("SPIR-V".into(), shader.spirv());
        for version in METAL {
            check(format!("MSL {version:?}"), shader.metal(version));
        }
        for model in SHADER_MODELS {
            check(format!("HLSL {model:?}"), shader.hlsl(model));
        }
    }
    assert!(count > 0 && failures.is_empty(), "{failures:#?}");
}
