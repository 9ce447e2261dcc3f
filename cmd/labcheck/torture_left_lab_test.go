//go:build lab

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/pace"
	"labcheck/harness/prereq"
	"labcheck/harness/subnettest"
	"labcheck/sim/images"
)

const (
	tortureName = "torture"
	canaryName  = "torture-canary"
	// tortureMark is in the environment of all that a cut-off command starts.
	tortureMark = "LABCHECK_TORTURED="
)

// place is where commands are cut off, and what was there before.
type place struct {
	dir    string // the programs, and what they write
	host   string // of the engine, as DOCKER_HOST has it, which context struck names; "" is the machine's
	subnet string // of the lab
	mark   string
	canary string
	before []string
}

// newPlace has labcheck, and nothing beside.
func newPlace(t *testing.T) place {
	t.Helper()
	prereq.Program(t, "docker", "apt-get install docker-cli")
	p := place{dir: t.TempDir(), mark: tortureMark + t.TempDir(), subnet: subnettest.ForLab(t, tortureName).String()}
	p.goBuild(t, "labcheck")
	for _, dir := range []string{"work", "tmp", "cache"} {
		if err := os.Mkdir(p.at(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.before = p.everything(t)
	return p
}

// other is a labcheck with other recipes.
const other = "other"

// withOther has one.
func (p place) withOther(t *testing.T) place {
	t.Helper()
	p.goBuild(t, other, "-overlay", p.otherRecipes(t))
	return p
}

// withCanary has a canary stand beside: what is not labcheck's must outlive it.
func (p place) withCanary(t *testing.T) place {
	t.Helper()
	p.docker(t, "network", "create", "--subnet", subnettest.Free(t).String(), canaryName)
	t.Cleanup(func() { p.docker(t, "network", "rm", canaryName) })
	p.docker(t, "volume", "create", canaryName)
	t.Cleanup(func() { p.docker(t, "volume", "rm", canaryName) })
	workload := p.images(t, "labcheck")["workload"].Ref
	p.docker(t, "run", "--detach", "--name", canaryName, "--restart", "always", "--network", canaryName, "--volume", canaryName+":/data", workload,
		"sh", "-c", "[ -e /data/began ] || date > /data/began; exec /bin/idle")
	t.Cleanup(func() { p.docker(t, "rm", "--force", canaryName) })
	p.canary, p.before = p.sing(t), p.everything(t)
	return p
}

// struckContext is docker's context for an engine that may be struck.
const struckContext = "struck"

// on is the same place with another engine.
func (p place) on(t *testing.T, host string) place {
	t.Helper()
	docker(t, "", "--config", p.at("docker"), "context", "create", struckContext, "--docker", "host="+host)
	p.host = host
	return p
}

// docker runs the client against the place's engine.
func (p place) docker(t *testing.T, args ...string) string {
	t.Helper()
	if p.host != "" {
		args = append([]string{"--host", p.host}, args...)
	}
	return docker(t, "", args...)
}

func (p place) at(name string) string { return filepath.Join(p.dir, name) }

func (p place) goBuild(t *testing.T, name string, flags ...string) {
	t.Helper()
	args := slices.Concat([]string{"build", "-o", p.at(name)}, flags, []string{"."})
	if said, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, said)
	}
}

// otherRecipes has all images made from files that differ a little from those of
// the recipes: their names are others, and so they have to be made, while those
// that everybody uses stay as they are.
func (p place) otherRecipes(t *testing.T) (overlay string) {
	t.Helper()
	replace := map[string]string{}
	for file, more := range map[string]string{
		"node/node": "# torture\n", "consul/start": "# torture\n", "swarm/swarm.mod": "// torture\n", "workload/idle": "# torture\n",
	} {
		original, err := filepath.Abs("../../sim/images/" + file)
		content, errRead := os.ReadFile(original)
		replace[original] = p.at(filepath.Base(file))
		errWrite := os.WriteFile(replace[original], append(content, more...), 0o600)
		if err := errors.Join(err, errRead, errWrite); err != nil {
			t.Fatal(err)
		}
	}
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err := errors.Join(err, os.WriteFile(p.at("overlay.json"), content, 0o600)); err != nil {
		t.Fatal(err)
	}
	return p.at("overlay.json")
}

// command is a command line of labcheck, on its lab, that keeps here what it
// writes.
func (p place) command(program, command string, flags ...string) *exec.Cmd {
	args := append(strings.Fields(command), "--lab", tortureName, "--lang", "en")
	if command == "up" || command == "check" {
		args = append(args, "--subnet", p.subnet)
	}
	cmd := exec.Command(p.at(program), append(args, flags...)...) // the last of a flag counts
	cmd.Dir = p.at("work")
	cmd.Env = append(os.Environ(), p.mark, "TMPDIR="+p.at("tmp"), "XDG_CACHE_HOME="+p.at("cache"), "GOCACHE="+goEnv("GOCACHE"), "GITHUB_ACTIONS=")
	if p.host != "" {
		// DOCKER_HOST with an address of a lab means the engine that holds the lab.
		cmd.Args = append(cmd.Args, "--context", struckContext)
		cmd.Env = append(cmd.Env, "DOCKER_CONFIG="+p.at("docker"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func goEnv(name string) string {
	out, _ := exec.Command("go", "env", name).Output() // a build says what is wrong
	return strings.TrimSpace(string(out))
}

// images are those that a labcheck wants, by name, there or not.
func (p place) images(t *testing.T, program string) map[string]images.Image {
	t.Helper()
	out, err := p.command(program, "images ls", "--json").Output()
	var list imagesDocument
	if err := errors.Join(err, json.Unmarshal(out, &list)); err != nil {
		t.Fatalf("images ls: %v\n%s", err, out)
	}
	all := map[string]images.Image{}
	for _, i := range list.Images {
		if !i.Stale {
			all[string(i.Name)] = i
		}
	}
	return all
}

// whole fails where an image that everybody uses is not there.
func (p place) whole(t *testing.T) {
	t.Helper()
	for name, i := range p.images(t, "labcheck") {
		if !i.Present {
			t.Errorf("image %s is missing", name)
		}
	}
}

// built are the images that a labcheck with other recipes has finished, as
// everything tells them.
func (p place) built(t *testing.T, program string) []string {
	t.Helper()
	var all []string
	for _, i := range p.images(t, program) {
		what := fmt.Sprintf("image %s ", i.Ref)
		if i.Present && !slices.ContainsFunc(p.before, func(b string) bool { return strings.HasPrefix(b, what) }) {
			all = append(all, what+strings.TrimSpace(p.docker(t, "inspect", "--type", "image", "--format", "{{.Id}}", i.Ref)))
		}
	}
	return all
}

// lateImages is how long no image may have come up: an engine that was sent all of one
// finishes it after the command was cut off.
const lateImages = 2 * time.Second

// discardImages removes the images that a labcheck with other recipes has finished.
func (p place) discardImages(t *testing.T, program string) {
	t.Helper()
	for quiet := time.Now(); time.Since(quiet) < lateImages; time.Sleep(100 * time.Millisecond) {
		for _, i := range p.built(t, program) {
			p.docker(t, "rmi", strings.Fields(i)[1])
			quiet = time.Now()
		}
	}
	if diff := cmp.Diff(p.before, p.everything(t)); diff != "" {
		t.Fatalf("the images that were built have left something (-before +after):\n%s", diff)
	}
}

// everything is what the engine has, but for what is of other people's labs, and of
// tests of images, which have names of their own.
func (p place) everything(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, list := range [][]string{
		{"ps", "--all", "--no-trunc", "--format", `container {{.Names}} {{.ID}} {{.Image}} ={{.Label "labcheck.lab"}}`},
		{"network", "ls", "--filter", "type=custom", "--no-trunc", "--format", `network {{.Name}} {{.ID}} ={{.Label "labcheck.lab"}}`},
		{"volume", "ls", "--format", `volume {{.Name}} ={{.Label "labcheck.lab"}}`},
		{"images", "--no-trunc", "--format", "image {{.Repository}}:{{.Tag}} {{.ID}} ="},
	} {
		for line := range strings.Lines(p.docker(t, list...)) {
			what, lab, _ := strings.Cut(strings.TrimSpace(line), " =")
			foreign := lab != "" && !strings.HasPrefix(lab, tortureName) || strings.HasPrefix(what, "image labcheck-test-")
			if !foreign {
				all = append(all, what)
			}
		}
	}
	slices.Sort(all)
	return all
}

// sing is how the canary is. Where an engine is struck the canary is started again
// with it.
func (p place) sing(t *testing.T) string {
	t.Helper()
	began := "{{.State.StartedAt}}"
	if p.host != "" {
		began = ""
	}
	return p.docker(t, "inspect", "--type", "container", "--format", "{{.Id}} "+began+" {{.State.Running}} {{.RestartCount}}", canaryName) +
		p.docker(t, "network", "inspect", "--format", "{{.Id}} {{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}", canaryName) +
		p.docker(t, "volume", "inspect", "--format", "{{.CreatedAt}}", canaryName) +
		p.docker(t, "exec", canaryName, "cat", "/data/began")
}

// clean waits, for 10 s, until the engine has what it is to have, and neither a
// process nor a file is left of what was cut off.
func (x *torture) clean(after string, want func() []string) {
	x.Helper()
	for deadline := time.Now().Add(pace.Limit(10 * time.Second)); ; time.Sleep(100 * time.Millisecond) {
		left := x.place.processes() + x.place.files() + changed(want(), x.place.everything(x.T))
		if left == "" {
			break
		}
		if time.Now().After(deadline) {
			x.Fatalf("%sthat is left (+), or missing (-), 10 s after %s", left, after)
		}
	}
	if diff := cmp.Diff(x.place.canary, x.place.sing(x.T)); diff != "" {
		x.Fatalf("%s changed what is not labcheck's (-before +after):\n%s", after, diff)
	}
}

// changed are the lines that are not as they are to be, and only those.
func changed(want, have []string) string {
	lines := ""
	for _, line := range want {
		if !slices.Contains(have, line) {
			lines += "- " + line + "\n"
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) {
			lines += "+ " + line + "\n"
		}
	}
	return lines
}

// processes are those that a cut-off command has left: its watchdog, and the Go
// that compiles Swarm.
func (p place) processes() string {
	left := ""
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range all {
		environ, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(environ), "\x00"), p.mark) {
			continue // it has ended meanwhile, or is another's
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		left += fmt.Sprintf("+ process %s: %q\n", filepath.Base(filepath.Dir(file)), strings.ReplaceAll(string(line), "\x00", " "))
	}
	return left
}

// files are those that were left, but for the evidence and for the cache: what was
// downloaded, compiled and made, and the file that is locked by who makes images.
func (p place) files() string {
	left := ""
	for _, dir := range []string{"work/*", "tmp/*", "cache/*", "cache/labcheck/*"} {
		found, _ := filepath.Glob(p.at(dir))
		for _, file := range found {
			cache := []string{p.at("cache/labcheck"), p.at("cache/labcheck/lock"), p.at("cache/labcheck/packages"), p.at("cache/labcheck/swarm"), p.at("cache/labcheck/images")}
			if file != p.evidence() && !slices.Contains(cache, file) {
				left += "+ file " + file + "\n"
			}
		}
	}
	return left
}

func (p place) evidence() string { return p.at("work/evidence") }

// forget removes what was downloaded, compiled and made.
func (p place) forget(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(p.at("cache/labcheck")); err != nil {
		t.Error(err)
	}
}

func (p place) discard(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(p.evidence()); err != nil {
		t.Error(err)
	}
}
