//! A real sshd on loopback: its own configuration and host key, a port of the kernel's choice, and nothing behind it but
//! git's own shell. It is run once for each connection, on a socket that we accepted, so that nothing is waited for.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git_access::key::{KeyFiles, PublicHalf, PublicKey};

use crate::program::Home;

/// What a key may do there.
#[derive(Clone, Copy)]
pub enum May {
    Write,
    /// As forges have it: reading is served, pushing is refused in words.
    Read,
}

pub struct Sshd {
    dir: PathBuf,
    user: String,
    port: u16,
}

impl Sshd {
    /// None, with a message, where there is no sshd that can be run.
    pub fn start(home: &Home) -> Option<Self> {
        let program = Path::new("/usr/sbin/sshd");
        let shell =
            ["/usr/bin/git-shell", "/usr/lib/git-core/git-shell"].into_iter().find(|path| Path::new(path).exists());
        let user = Command::new("id").arg("-un").output().ok().filter(|output| output.status.success());
        let (Some(shell), Some(user)) = (shell.filter(|_| program.exists()), user) else {
            println!("skipped: there is no sshd, or no git-shell");
            return None;
        };
        let dir = home.path("sshd");
        std::fs::create_dir_all(&dir).unwrap();
        let this = Self { user: String::from_utf8(user.stdout).unwrap().trim().to_owned(), dir, port: 0 };
        this.host_key("host");
        this.script(shell);
        std::fs::write(this.dir.join("authorized"), "").unwrap();
        let config = format!(
            "HostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel ERROR\n",
            this.dir.display()
        );
        std::fs::write(this.dir.join("config"), config).unwrap();
        let tried = Command::new(program).arg("-t").arg("-f").arg(this.dir.join("config")).output().unwrap();
        if !tried.status.success() {
            println!("skipped: sshd cannot be run here: {}", String::from_utf8_lossy(&tried.stderr));
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = this.dir.join("config");
        // It ends with the process; each connection is served by a program of its own.
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let copy = socket.try_clone().unwrap();
                let mut sshd = Command::new(program);
                sshd.arg("-i").arg("-f").arg(&config).stdin(OwnedFd::from(socket)).stdout(OwnedFd::from(copy));
                let mut child = sshd.stderr(Stdio::null()).spawn().unwrap();
                std::thread::spawn(move || child.wait());
            }
        });
        Some(Self { port, ..this })
    }

    /// Makes the server's own key, or a new one in place of it.
    pub fn host_key(&self, name: &str) -> PublicKey {
        let (private, public) = (self.dir.join(name), self.dir.join(format!("{name}.pub")));
        for path in [&private, &public] {
            let _ = std::fs::remove_file(path);
        }
        git_access::ssh::generate(&KeyFiles { public: PublicHalf::File(public), private: Some(private) }, "host")
            .unwrap()
    }

    fn script(&self, shell: &str) {
        use std::os::unix::fs::PermissionsExt as _;

        let text = format!(
            "#!/bin/sh\ncase \"$SSH_ORIGINAL_COMMAND\" in\ngit-upload-pack*) ;;\n*) [ \"$1\" = write ] || {{\n\
             echo 'ERROR: The key you are authenticating with has been marked as read only.' >&2; exit 1; }} ;;\nesac\n\
             exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        let path = self.dir.join("serve");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn authorize(&self, key: &PublicKey, may: May) {
        let may = if matches!(may, May::Write) { "write" } else { "read" };
        let line = format!("restrict,command=\"{}/serve {may}\" {key}\n", self.dir.display());
        std::fs::write(self.dir.join("authorized"), line).unwrap();
    }

    /// A bare repository, and its address there.
    pub fn repository(&self, home: &Home, name: &str) -> String {
        let path = home.path(&format!("git/{name}.git"));
        let made = home.command("git").args(["init", "--quiet", "--bare"]).arg(&path).output().unwrap();
        assert!(made.status.success());
        self.address(&path)
    }

    pub fn address(&self, path: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, path.display())
    }
}
