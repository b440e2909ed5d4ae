//! What the world does about SSH keys: reads and makes their files, registers them, and asks over SSH.

use std::time::Instant;

use super::{World, aside};
use crate::fact::{Fault, FaultKind, Query, Remedy, Value};
use crate::key::{Heard, KNOWN_HOSTS, KeyFiles, NewKey};
use crate::ssh;
use crate::wizard::{Command, Done, Registration};

impl World {
    pub(super) async fn ask_about_key(&self, query: &Query) -> Result<Value, Fault> {
        match query {
            Query::KeyFile(files) => {
                let files = files.clone();
                aside(move || ssh::read_key(&files)).await?.map(Value::PublicKey)
            }
            Query::Key(site, with, lock, key) => {
                let registered = self.line(site, Some(with))?.key(lock, key).await?;
                Ok(Value::Key(registered))
            }
            Query::Knock(knock) => {
                let vouched = self.paths.config_dir.join(KNOWN_HOSTS);
                let begun = Instant::now();
                let heard = ssh::ask(knock, &vouched).await;
                if let Some(log) = &self.log {
                    let told = match &heard {
                        Ok(Heard::Refs(_)) => "let in",
                        Ok(Heard::Stranger { .. }) => "not vouched for",
                        Err(fault) if fault.kind == FaultKind::Secret => "not asked",
                        Err(fault) => fault.kind.name(),
                    };
                    let took = begun.elapsed().as_millis();
                    log.line(&format!("SSH {} {} {told} {took} ms", knock.service.command(), knock.address));
                }
                heard.map(Value::Heard)
            }
            _ => Err(Fault::new(FaultKind::Cancelled, "This is no question about a key.")),
        }
    }

    pub(super) async fn act_on_key(&self, command: Command) -> Result<Done, Fault> {
        match command {
            Command::GenerateKey { files, comment } => self.generate_key(files, comment).await,
            Command::RegisterKey(site, credential, registration) => {
                let Registration { files: _, key, lock, title, read_only } = *registration;
                let key = key.ok_or_else(|| {
                    Fault::new(FaultKind::Secret, "The key was not read, so that it was not registered.")
                        .remedy(Remedy::new("Run the same command again."))
                })?;
                let new = NewKey { lock, key, title, read_only };
                let registered = self.line(&site, Some(&credential))?.register_key(&new).await?;
                let page = site.provider.rules().key_page(&site, &new.lock);
                self.changed(format!("the key “{}”, registered at {page}", registered.title));
                Ok(Done::Registered(registered))
            }
            _ => Err(Fault::new(FaultKind::Cancelled, "This is no command about a key.")),
        }
    }

    async fn generate_key(&self, files: KeyFiles, comment: String) -> Result<Done, Fault> {
        let shown = files.private.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let key = aside(move || ssh::generate(&files, &comment)).await??;
        self.changed(format!("the SSH key {shown}"));
        Ok(Done::Generated(key))
    }
}
