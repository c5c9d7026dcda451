//! The fence that a process lays around itself on Linux before it becomes the server: resource limits, no new
//! privileges, no capabilities, Landlock for files and signals, and a filter of system calls for what Landlock
//! does not know. What it does not do: hide that other processes exist and how they were started, keep a server
//! from changing the permissions and times of files that belong to the user, or bound what all its processes use
//! together (the supervisor watches that).

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::Sandbox;
use super::plan::Fence;

/// What must be enforceable where a fence is required: reading, writing, renaming and truncating files.
const REQUIRED: ABI = ABI::V3;
/// The newest set of file rights that is asked for where the kernel knows it.
const WANTED: ABI = ABI::V5;
/// Devices that hold nothing and are written by everyone.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// System calls that fail: sockets of the Unix family, behind which the services of this machine and of the user
/// listen (containers, the session bus, agents with keys), and the ring through which calls pass unseen. Pairs of
/// sockets stay: runtimes talk to their children through them.
const CALLS: &str = r#"{"server": {"mismatch_action": "allow", "match_action": {"errno": 1}, "filter": [
    {"syscall": "socket", "args": [{"index": 0, "type": "dword", "op": "eq", "val": 1}]},
    {"syscall": "socketpair", "args": [{"index": 1, "type": "dword", "op": {"masked_eq": 15}, "val": 2}]},
    {"syscall": "socketpair", "args": [{"index": 1, "type": "dword", "op": {"masked_eq": 15}, "val": 3}]},
    {"syscall": "io_uring_setup"}
]}}"#;

/// The numbers of `socket`, `socketpair` and `io_uring_setup` for programs that are made for x32, which some kernels run
/// beside the others: the filter above does not know them, and there is nothing honest to allow.
#[cfg(target_arch = "x86_64")]
const CALLS_OF_X32: [i64; 3] = [X32 + 41, X32 + 53, X32 + 425];
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// Applies the fence to this process and all it starts; says what was applied, or why a required one was not.
pub(super) fn apply(fence: &Fence) -> Result<String, String> {
    limit(fence).map_err(|e| format!("resource limits cannot be set: {e}"))?;
    rustix::thread::set_no_new_privs(true).map_err(|e| format!("privileges cannot be dropped: {e}"))?;
    let mut applied = Vec::new();
    match fence.sandbox {
        Sandbox::Off => {}
        Sandbox::Auto => match restrict(fence, CompatLevel::BestEffort) {
            Ok(RulesetStatus::FullyEnforced) => applied.push("landlock"),
            Ok(RulesetStatus::PartiallyEnforced) => applied.push("landlock (partly)"),
            Ok(RulesetStatus::NotEnforced) | Err(_) => {}
        },
        Sandbox::Required => match restrict(fence, CompatLevel::HardRequirement) {
            Ok(RulesetStatus::NotEnforced) => return Err("this kernel has no Landlock".to_owned()),
            Ok(_) => applied.push("landlock"),
            Err(error) => return Err(format!("this kernel cannot enforce the fence: {error}")),
        },
    }
    if fence.sandbox != Sandbox::Off {
        drop_capabilities().map_err(|e| format!("capabilities cannot be dropped: {e}"))?;
        match filter_calls() {
            Ok(()) => applied.push("seccomp"),
            Err(error) if fence.sandbox == Sandbox::Required => {
                return Err(format!("this kernel cannot filter system calls: {error}"));
            }
            Err(_) => {}
        }
    }
    applied.push("rlimits");
    if fence.no_network {
        applied.push("no-network");
    }
    Ok(applied.join("+"))
}

/// Gives up what the superuser may do and others may not. Landlock alone does not keep a process with
/// capabilities away from what others hold: Linux opens the memory map and with it the environment of any
/// process to whoever may monitor performance.
fn drop_capabilities() -> rustix::io::Result<()> {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    // Without new privileges, running a program gives none back to the superuser.
    rustix::thread::clear_ambient_capability_set()?;
    rustix::thread::set_capabilities(None, none)
}

fn filter_calls() -> Result<(), seccompiler::Error> {
    let arch = std::env::consts::ARCH.try_into().map_err(seccompiler::Error::from)?;
    let programs = seccompiler::compile_from_json(CALLS.as_bytes(), arch)?;
    programs
        .values()
        .try_for_each(|program| seccompiler::apply_filter(program))?;
    #[cfg(target_arch = "x86_64")]
    {
        use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
        const EPERM: u32 = 1;
        let calls = CALLS_OF_X32.map(|number| (number, Vec::new())).into_iter().collect();
        let filter = SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::Errno(EPERM), arch)?;
        seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    }
    Ok(())
}

fn limit(fence: &Fence) -> rustix::io::Result<()> {
    let most = |value| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    setrlimit(Resource::Core, most(0))?;
    setrlimit(Resource::Cpu, most(fence.cpu_seconds))?;
    setrlimit(Resource::Fsize, most(fence.file))?;
    // Not the address space: engines such as V8 reserve far more of it than they use.
    setrlimit(Resource::Data, most(fence.memory))
}

fn restrict(fence: &Fence, level: CompatLevel) -> Result<RulesetStatus, RulesetError> {
    let read = AccessFs::from_read(WANTED);
    let device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    let mut rules = Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(REQUIRED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(ABI::V6))?;
    if fence.no_network {
        rules = rules.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    let status = rules
        .create()?
        .add_rules(path_beneath_rules(&fence.readable, read))?
        .add_rules(path_beneath_rules([&fence.writable], AccessFs::from_all(WANTED)))?
        .add_rules(path_beneath_rules(DEVICES, device))?
        .restrict_self()?;
    Ok(status.ruleset)
}
