//! Rules for Linux: landlock, by its crate.

use std::fs;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::{Entered, Right, Rule, Rules};

/// The rights over files that every kernel with landlock knows: without these there is no sandbox.
const REQUIRED: ABI = ABI::V1;
/// What is asked for beyond them, as far as the kernel knows it.
const WANTED: ABI = ABI::V10;

/// What later versions learned to refuse, of what matters here.
const LEARNED: [(ABI, &str); 6] = [
    (ABI::V3, "cutting files short"),
    (ABI::V4, "TCP"),
    (ABI::V5, "control of devices"),
    (ABI::V6, "abstract sockets and signals"),
    (ABI::V9, "sockets that are files"),
    (ABI::V10, "UDP"),
];

/// Restricts the calling thread and those that it starts. The error is a message.
pub(super) fn enter(rules: &Rules) -> Result<Entered, String> {
    let status = restrict(rules).map_err(|error| match error {
        RulesetError::HandleAccesses(_) => "this kernel has no landlock".to_owned(),
        error => crate::error::with_causes(&error),
    })?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Err("this kernel has no landlock".to_owned()),
        (_, LandlockStatus::Available { effective_abi, .. }) => {
            Ok(Entered { uncovered: uncovered(effective_abi) })
        }
        _ => Err("landlock is not enabled in this kernel".to_owned()),
    }
}

fn uncovered(version: ABI) -> Vec<&'static str> {
    LEARNED.iter().filter(|(learned, _)| *learned > version).map(|(_, what)| *what).collect()
}

fn restrict(rules: &Rules) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        // No rule allows a port, so all are refused.
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?;
    for Rule { path, right } in rules.rules() {
        // What cannot be reached cannot be opened later either, and that is the message to give.
        if let Some(place) = place(path) {
            ruleset = ruleset.add_rule(PathBeneath::new(place, access(*right, path.is_dir())))?;
        }
    }
    ruleset.restrict_self()
}

/// What a path leads to; none for a pipe that only has a name like `/dev/fd/63`, which needs no rule.
fn place(path: &Path) -> Option<PathFd> {
    PathFd::new(fs::canonicalize(path).ok()?).ok()
}

fn access(right: Right, is_folder: bool) -> BitFlags<AccessFs> {
    match (right, is_folder) {
        // A folder in the place of a file is refused by its reader, who can say so.
        (Right::Read, true) => AccessFs::ReadDir.into(),
        (Right::Read | Right::ReadBelow, false) => AccessFs::ReadFile.into(),
        (Right::ReadBelow, true) => AccessFs::ReadFile | AccessFs::ReadDir,
        (Right::Rename, _) => AccessFs::MakeReg | AccessFs::RemoveFile,
        // A temporary file is opened for both.
        (Right::WriteBelow, _) => {
            AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::WriteFile | AccessFs::ReadFile
        }
    }
}
