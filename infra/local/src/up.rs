//! Starting a stack, keeping it running, ending it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use simulators::{IdentityProvider, Vies, WebhookSink};
use tokio::signal::unix::{SignalKind, signal};

use crate::deployment::{CODE_BUCKET, Deployment, deploy};
use crate::emulator::Emulator;
use crate::emulator::process::{EmulatorProcess, Settings};
use crate::failure::{Doing as _, Failure};
use crate::functions::{self, Package};
use crate::gateway::{Gateway, GatewayPort};
use crate::places::{Places, workspace};
use crate::ports::{Ports, listening};
use crate::process::Process;
use crate::samconfig::Environment;
use crate::stack::Stack;
use crate::template::{Function, Template};
use crate::{report, sandbox, secrets, venv};

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Forget the saved state first.
    pub fresh: bool,
    /// Free ports, a folder of its own, nothing kept.
    pub ephemeral: bool,
    /// The first of the six ports (see the table in `ports.rs`).
    pub port: u16,
    /// End when this process does.
    pub while_pid: Option<u32>,
}

/// Everything that runs; dropping it ends everything.
struct Running {
    stack: Stack,
    emulator: EmulatorProcess,
    _gateway: Gateway,
    _simulators: Simulators,
}

struct Simulators {
    identity_provider: IdentityProvider,
    vies: Vies,
    webhook_sink: WebhookSink,
}

/// Runs a stack until Ctrl-C, SIGTERM, or the end of `while_pid`.
pub async fn up(options: &Options) -> Result<(), Failure> {
    let begun = Instant::now();
    let run = Process::find(options.while_pid.unwrap_or_else(std::process::id))
        .ok_or_else(|| Failure::new("The process to run for is gone already"))?;
    let places = if options.ephemeral { Places::ephemeral(&run.name()) } else { Places::permanent() };
    places.make()?;
    let _lock = lock(&places)?;
    let _ = fs::remove_file(places.stack_file()); // of a runner that was killed
    if options.ephemeral {
        places.remove_abandoned_runs();
    }
    if options.fresh || options.ephemeral {
        Places::remove(&places.state())?;
    }
    let outcome = run_until_told(options, &places, run, begun).await;
    let _ = fs::remove_file(places.stack_file());
    if options.ephemeral && outcome.is_ok() {
        Places::remove(places.own())?;
    }
    outcome
}

async fn run_until_told(options: &Options, places: &Places, run: Process, begun: Instant) -> Result<(), Failure> {
    let mut running = start(options, places).await?;
    running.stack.write(&places.stack_file())?;
    report::print(&running.stack, &places.logs(), begun.elapsed()).await?;
    wait(options, run, &mut running.emulator).await?;
    eprintln!("Stopping ...");
    Ok(())
}

/// The file stays locked for as long as it is open.
fn lock(places: &Places) -> Result<File, Failure> {
    let path = places.running_lock();
    let file = File::create(&path).doing(format!("making {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(match Stack::read(&places.stack_file()) {
            Ok(stack) => format!(
                "A local stack runs already: {} (process {}). End it with: cargo local stop",
                stack.api_url, stack.pid
            ),
            Err(_) => "A local stack is being started already, in another terminal perhaps".to_owned(),
        })),
        Err(TryLockError::Error(error)) => Err(error).doing(format!("locking {}", path.display())),
    }
}

async fn start(options: &Options, places: &Places) -> Result<Running, Failure> {
    let root = workspace();
    let template = Template::read(&root.join("infra/template.yaml"))?;
    let environment = Environment::read(&root.join("samconfig.toml"))?;
    let ports = if options.ephemeral { Ports::free()? } else { Ports::from(options.port) };
    ports.check_emulator()?;
    let gateway_port = listening(GatewayPort::take(ports.gateway).await, "the API", ports.gateway)?;
    let simulators = Simulators::start(ports).await?;
    let (python, packages) = prepare(&template, places)?;

    let settings = Settings {
        python: &python,
        places,
        port: ports.emulator,
        region: &environment.region,
        keeps_state: !options.ephemeral,
    };
    let (emulator_process, emulator) = EmulatorProcess::start(&settings).await?;
    let parameters = simulators.parameters(&environment, &template);
    let executables = executables(&template, &packages);
    let (template, template_url) = upload(&emulator, template, packages).await?;
    let deployment = deploy(&emulator, &template, &template_url, &environment.stack_name, &parameters).await?;
    sandbox::seed(&deployment, &parameters).await?;
    let gateway = gateway_port.open(emulator.endpoint(), &deployment.api_id)?;
    let organizations = simulators.register_clients(&parameters, places)?;
    let stack = describe(deployment, executables, &simulators, &gateway, parameters, template_url, organizations);
    Ok(Running { stack, emulator: emulator_process, _gateway: gateway, _simulators: simulators })
}

/// What stacks share is made by one of them at a time, the two slow parts side by side.
fn prepare(template: &Template, places: &Places) -> Result<(PathBuf, BTreeMap<String, Package>), Failure> {
    let lock = File::create(places.shared_lock()).doing("making a lock file")?;
    lock.lock().doing("waiting for another stack's preparations")?;
    let groups: BTreeSet<String> = template.functions().into_iter().map(|function| function.group).collect();
    std::thread::scope(|scope| {
        let python = scope.spawn(|| venv::prepare(places));
        let packages = functions::build(&groups, places)?;
        Ok((python.join().expect("making a venv does not panic")?, packages))
    })
}

/// What each function runs: its group's executable.
fn executables(template: &Template, packages: &BTreeMap<String, Package>) -> BTreeMap<String, PathBuf> {
    let functions = template.functions().into_iter();
    let of_group = |function: &Function| packages.get(&function.group).map(|package| package.executable.clone());
    functions.filter_map(|function| of_group(&function).map(|executable| (function.handler, executable))).collect()
}

async fn upload(
    emulator: &Emulator,
    template: Template,
    packages: BTreeMap<String, Package>,
) -> Result<(Template, String), Failure> {
    emulator.make_bucket(CODE_BUCKET).await?;
    let mut keys = BTreeMap::new();
    for (group, package) in packages {
        emulator.put_object(CODE_BUCKET, &package.key, package.zip).await?;
        keys.insert(group, package.key);
    }
    let template = template.with_code(CODE_BUCKET, &keys)?;
    emulator.put_object(CODE_BUCKET, "template.json", template.to_json().into_bytes()).await?;
    let url = format!("{}/{CODE_BUCKET}/template.json", emulator.endpoint());
    Ok((template, url))
}

impl Simulators {
    async fn start(ports: Ports) -> Result<Self, Failure> {
        let Ports { identity_provider, vies, webhook_sink, .. } = ports;
        Ok(Self {
            identity_provider: listening(
                IdentityProvider::start(identity_provider).await,
                "the identity provider",
                identity_provider,
            )?,
            vies: listening(Vies::start(vies).await, "VIES", vies)?,
            webhook_sink: listening(WebhookSink::start(webhook_sink).await, "the webhook sink", webhook_sink)?,
        })
    }

    /// The parameters of `samconfig.toml`, with what only holds on this machine, now.
    fn parameters(&self, environment: &Environment, template: &Template) -> BTreeMap<String, String> {
        let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
        let here = [
            ("Issuer", self.identity_provider.issuer().to_owned()),
            ("Architecture", architecture.to_owned()),
            ("ViesUrl", self.vies.url()),
        ];
        let mut parameters = environment.parameters.clone();
        let known = here.into_iter().filter(|(name, _)| template.has_parameter(name));
        parameters.extend(known.map(|(name, value)| (name.to_owned(), value)));
        parameters
    }

    fn register_clients(
        &self,
        parameters: &BTreeMap<String, String>,
        places: &Places,
    ) -> Result<Vec<crate::stack::Organization>, Failure> {
        let members = sandbox::members(sandbox::required_dpa_version(parameters));
        let ids: Vec<_> = members.iter().map(sandbox::Member::client_id).collect();
        let secrets = secrets::of_clients(&places.secrets(), ids.iter().map(String::as_str))?;
        let described = members.iter().zip(&ids).map(|(member, id)| {
            self.identity_provider.add_secret(id, &secrets[id]);
            member.describe(secrets[id].clone())
        });
        Ok(described.collect())
    }
}

fn describe(
    deployment: Deployment,
    executables: BTreeMap<String, PathBuf>,
    simulators: &Simulators,
    gateway: &Gateway,
    parameters: BTreeMap<String, String>,
    template_url: String,
    organizations: Vec<crate::stack::Organization>,
) -> Stack {
    Stack {
        api_url: gateway.url(),
        token_url: simulators.identity_provider.token_url(),
        issuer: simulators.identity_provider.issuer().to_owned(),
        aws_endpoint: deployment.emulator.endpoint().to_owned(),
        region: deployment.emulator.region().to_owned(),
        mail_url: deployment.emulator.mail_url(),
        stack_name: deployment.stack_name.clone(),
        table_name: deployment.table_name().to_owned(),
        buckets: deployment.buckets,
        webhook_sink_url: simulators.webhook_sink.url(),
        vies_url: simulators.vies.url(),
        idenfy_url: None,
        queues: deployment.queues,
        functions: deployment.functions,
        executables,
        organizations,
        pid: std::process::id(),
        api_id: deployment.api_id,
        outputs: deployment.outputs,
        parameters,
        template_url,
    }
}

async fn wait(options: &Options, run: Process, emulator: &mut EmulatorProcess) -> Result<(), Failure> {
    let listen = |kind| signal(kind).doing("listening to signals");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut look = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = look.tick() => {
                emulator.check()?;
                if options.while_pid.is_some() && !run.is_alive() {
                    return Ok(());
                }
            }
        }
    }
}
