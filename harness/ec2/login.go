package ec2

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	sshconfig "github.com/kevinburke/ssh_config"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// SSH says how one logs in on nodes. What is empty here is looked for in the
// inventory, then in ~/.ssh/config.
type SSH struct {
	// Jump is the host through which all nodes are reached: the name of a node,
	// or [user@]host[:port], where host may be one of ~/.ssh/config. Where it is
	// empty nodes are dialled directly.
	Jump string
	User string
	Key  string // a file
	// Home has .ssh with config, known_hosts and keys; the user's where it is
	// empty.
	Home string
	// Agent is the socket of an ssh agent; none where it is empty.
	Agent string
	// Ask asks a person for what must not be seen; nil where there is nobody.
	Ask func(question string) ([]byte, error)
}

// logins is what is known of how to log in, and the keys that were read.
type logins struct {
	SSH
	file  *sshconfig.Config
	agent func() []ssh.Signer

	mu   sync.Mutex
	keys map[string]keyOrError // by file
}

type keyOrError struct {
	key ssh.Signer
	err error
}

func newLogins(o SSH) (*logins, error) {
	if o.Home == "" {
		o.Home, _ = os.UserHomeDir() // without one there are no files to look at
	}
	l := &logins{SSH: o, keys: map[string]keyOrError{}}
	l.agent = sync.OnceValue(l.agentKeys)
	name := filepath.Join(o.Home, ".ssh", "config")
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		l.file, err = sshconfig.Decode(bytes.NewReader(content))
	}
	if err != nil {
		return nil, lang.Errorf("read %s: %w", name, err)
	}
	return l, nil
}

// configured is what ~/.ssh/config says of a host, which may go by several
// names.
func (l *logins) configured(key string, names ...string) string {
	if l.file == nil {
		return ""
	}
	for _, name := range names {
		if value, err := l.file.Get(name, key); err == nil && value != "" {
			return value
		}
	}
	return ""
}

// jumpHost is the host that --ssh-jump names.
func (t *Target) jumpHost(spec string) (*sshHost, error) {
	login := Login{}
	if who, host, ok := strings.Cut(spec, "@"); ok {
		login.User, spec = who, host
	}
	if host, port, err := net.SplitHostPort(spec); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return nil, lang.Errorf("jump host %s: %s is no port", spec, port)
		}
		login.Port, spec = uint16(n), host
	}
	n, ok := t.opts.Inventory.node(spec)
	if !ok {
		n = Node{Name: spec, Address: cmp.Or(t.logins.configured("HostName", spec), spec)}
	}
	return t.host(n, login, nil), nil
}

// hostOf is where one logs in on a node. The error is that nothing says how.
func (t *Target) hostOf(n Node) (*sshHost, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.jump != nil && t.jump.name == n.Name {
		return t.jump, nil
	}
	if t.hosts[n.Name] == nil {
		if t.jump == nil && t.loginOf(n, Login{}).User == "" {
			return nil, &harness.UnreachableError{
				Node: n.Name, Layer: harness.LayerSSH,
				What: lang.Textf("commands are run on nodes by ssh, and nothing says as whom to log in"),
				Hint: lang.Textf("--ssh-user NAME, --ssh-jump manager, or ssh: in the inventory"),
			}
		}
		t.hosts[n.Name] = t.host(n, Login{}, t.jump)
	}
	return t.hosts[n.Name], nil
}

// loginOf is how one logs in on a node: what is said first counts.
func (t *Target) loginOf(n Node, said Login) Login {
	inventory := t.opts.Inventory.SSH
	names := []string{n.Name, cmp.Or(n.Public, n.Address)}
	port, _ := strconv.ParseUint(t.logins.configured("Port", names...), 10, 16)
	return Login{
		User: cmp.Or(said.User, t.opts.SSH.User, n.SSH.User, inventory.User, t.logins.configured("User", names...)),
		Key:  cmp.Or(t.opts.SSH.Key, n.SSH.Key, inventory.Key, t.logins.configured("IdentityFile", names...)),
		Port: cmp.Or(said.Port, n.SSH.Port, inventory.Port, uint16(port), 22),
	}
}

func (t *Target) host(n Node, said Login, via *sshHost) *sshHost {
	login := t.loginOf(n, said)
	if login.User == "" {
		if me, err := user.Current(); err == nil {
			login.User = me.Username // as ssh does
		}
	}
	at := n.Address
	if via == nil {
		at = cmp.Or(n.Public, t.logins.configured("HostName", n.Name), n.Address)
	}
	return &sshHost{
		name: n.Name, addr: net.JoinHostPort(at, strconv.Itoa(int(login.Port))),
		login: login, logins: t.logins, via: via,
	}
}

// config is for one try to log in.
func (l *logins) config(h *sshHost) (*ssh.ClientConfig, error) {
	check, algorithms, err := l.hostKeys(h)
	if err != nil {
		return nil, err
	}
	keys, err := l.signers(h)
	return &ssh.ClientConfig{
		User: h.login.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)},
		HostKeyCallback: check, HostKeyAlgorithms: algorithms,
	}, err
}

// knownHosts are the files of host keys; new ones go into the first.
func (l *logins) knownHosts(h *sshHost) []string {
	var files []string
	for _, name := range strings.Fields(l.configured("UserKnownHostsFile", h.name, h.addr)) {
		files = append(files, l.path(name))
	}
	if len(files) == 0 {
		files = []string{l.path("~/.ssh/known_hosts")}
	}
	return append(files, "/etc/ssh/ssh_known_hosts")
}

// hostKeys checks a host's key against known_hosts, and asks the host for one of
// the kinds that are known of it.
func (l *logins) hostKeys(h *sshHost) (ssh.HostKeyCallback, []string, error) {
	db, err := knownhosts.NewDB(slices.DeleteFunc(l.knownHosts(h), missing)...)
	if err != nil {
		return nil, nil, h.untrusted(lang.Textf("the known host keys can't be read: %v", err), lang.Textf("fix that file"), err)
	}
	check := db.HostKeyCallback()
	return func(addr string, remote net.Addr, key ssh.PublicKey) error {
		return l.judge(h, key, check(addr, remote, key))
	}, db.HostKeyAlgorithms(h.addr), nil
}

func missing(file string) bool {
	_, err := os.Stat(file)
	return err != nil
}

// judge refuses a host whose key is not known, or not the one that is.
func (l *logins) judge(h *sshHost, key ssh.PublicKey, err error) error {
	file := l.knownHosts(h)[0]
	is := key.Type() + " " + ssh.FingerprintSHA256(key)
	accept := fmt.Sprintf("echo '%s' >> %s", knownhosts.Line([]string{knownhosts.Normalize(h.addr)}, key), file)
	switch {
	case err == nil:
		return nil
	case knownhosts.IsHostKeyChanged(err):
		return h.untrusted(lang.Textf("its host key is not the one that is known: it is %s", is),
			lang.Textf("only if you know why it changed: ssh-keygen -R '%s' -f %s && %s", knownhosts.Normalize(h.addr), file, accept), err)
	case knownhosts.IsHostUnknown(err):
		return h.untrusted(lang.Textf("its host key is not known: it is %s", is),
			lang.Textf("compare that with the instance's console output, then: %s", accept), err)
	}
	return h.untrusted(lang.Textf("its host key is refused: %v", err), lang.Text{}, err)
}

func (h *sshHost) untrusted(what, hint lang.Text, err error) error {
	return &harness.UnreachableError{Node: h.name, Service: h.addr, Layer: harness.LayerSSH, What: what, Hint: hint, Err: err}
}

// defaultKeys are those that ssh looks for by itself.
var defaultKeys = []string{"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"}

// signers are the keys to log in with: the one that was said, and the agent's;
// the usual ones where none was said.
func (l *logins) signers(h *sshHost) ([]ssh.Signer, error) {
	files := []string{h.login.Key}
	if h.login.Key == "" {
		files = slices.DeleteFunc(slices.Clone(defaultKeys), func(name string) bool { return missing(l.path(name)) })
		if keys := l.agent(); len(keys) > 0 {
			return keys, nil
		}
	}
	var all []ssh.Signer
	var errs []error
	for _, name := range files {
		key, err := l.key(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, key)
	}
	all = append(all, l.agent()...)
	if len(all) > 0 {
		return all, nil
	}
	if len(errs) == 0 {
		errs = []error{lang.Errorf("there is no key: no --ssh-key, no agent, none in ~/.ssh")}
	}
	err := errors.Join(errs...)
	return nil, h.untrusted(lang.Textf("%v", err), lang.Textf("--ssh-key FILE, or start an agent and ssh-add the key"), err)
}

func (l *logins) agentKeys() []ssh.Signer {
	if l.Agent == "" {
		return nil
	}
	conn, err := net.Dial("unix", l.Agent)
	if err != nil {
		return nil // as without an agent
	}
	keys, err := agent.NewClient(conn).Signers()
	if err != nil || len(keys) == 0 {
		_ = conn.Close()
		return nil
	}
	return keys
}

// key reads a private key, once, and asks for its passphrase where it has one.
func (l *logins) key(name string) (ssh.Signer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if read, ok := l.keys[name]; ok {
		return read.key, read.err
	}
	key, err := l.read(l.path(name))
	l.keys[name] = keyOrError{key, err}
	return key, err
}

func (l *logins) read(name string) (ssh.Signer, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, lang.Errorf("the key can't be read: %w", err)
	}
	key, err := ssh.ParsePrivateKey(content)
	if !errors.As(err, new(*ssh.PassphraseMissingError)) {
		if err != nil {
			err = lang.Errorf("the key %s can't be used: %w", name, err)
		}
		return key, err
	}
	if l.Ask == nil {
		return nil, lang.Errorf("the key %s is encrypted, and there is no terminal to ask for its passphrase", name)
	}
	passphrase, err := l.Ask(fmt.Sprintf("Passphrase of %s: ", name))
	if err != nil {
		return nil, lang.Errorf("ask for the passphrase of %s: %w", name, err)
	}
	key, err = ssh.ParsePrivateKeyWithPassphrase(content, passphrase)
	if err != nil {
		return nil, lang.Errorf("the key %s can't be used: %w", name, err)
	}
	return key, nil
}

func (l *logins) path(name string) string {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		return filepath.Join(l.Home, rest)
	}
	return name
}

// tried says which keys sshd was shown.
func (l *logins) tried(h *sshHost) lang.Text {
	what := lang.Textf("the key %s", h.login.Key)
	if h.login.Key == "" {
		what = lang.Textf("the keys of ~/.ssh")
	}
	if len(l.agent()) > 0 {
		what = lang.Textf("%s, those of the agent", what)
	}
	return what
}
