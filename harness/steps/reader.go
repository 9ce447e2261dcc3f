package steps

import (
	"context"
	"strings"

	"github.com/cucumber/godog"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// reader is the reader at a terminal of a host, with the page beside it.
type reader struct {
	*scenario
	containers *containers

	terminal *tutorial.Terminal
	last     harness.Result // what was typed last, and the answer
	// next is where on the page the reader has come to: the command after the
	// last one that was typed. It tells equal commands apart.
	next       int
	compared   []harness.Comparison
	comparison *harness.Comparison // of the step that runs
}

func (r *reader) sentences() []sentence {
	return []sentence{
		{`^the reader's terminal on "([^"]*)"$`, r.openTerminal},
		{`^the reader types:$`, r.typeLines},
		{`^the terminal shows what the page shows$`, r.showsPage},
		{`^every listed difference was seen in what the terminal has shown$`, r.differencesSeen},
		{`^the terminal shows the id of a container that runs on "([^"]*)"$`, r.showsContainerID},
		{`^the terminal shows the id of the Swarm manager container as the Name$`, r.showsManagerID},
		{`^the terminal lists (\d+) networks, one of them "([^"]*)" with the driver "([^"]*)"$`, r.listsNetworkAmong},
		{`^the terminal shows the id of the network "([^"]*)"$`, r.showsNetworkID},
		{`^the terminal shows the network "([^"]*)" with the Consul and the Swarm manager container$`, r.inspectShows(true)},
		{
			`^the terminal shows the network "([^"]*)" without the Consul and the Swarm manager container$`,
			r.inspectShows(false),
		},
	}
}

// openTerminal opens the reader's terminal. It lasts for the whole run, as the
// reader's does.
func (r *reader) openTerminal(host string) error {
	if r.terminal != nil && r.terminal.Host() == host {
		return nil
	}
	if err := r.topology().CheckHosts(host); err != nil {
		return err
	}
	r.terminal, r.last = tutorial.NewTerminal(r.cluster.Node(host)), harness.Result{}
	return nil
}

// typeLines runs lines as a reader types them, each by a shell of the host.
func (r *reader) typeLines(ctx context.Context, lines *godog.DocString) error {
	if r.terminal == nil {
		return lang.Errorf("there is no terminal yet")
	}
	for _, line := range splitTrimmed(lines.Content, "\n") {
		if err := r.typeLine(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// typeLine types a line that is written as the page prints it.
func (r *reader) typeLine(ctx context.Context, printed string) error {
	line := r.here(printed)
	command, at := r.upcoming(printed)
	if at >= 0 {
		line = command.Text
	}
	res, err := r.terminal.Type(ctx, line)
	if err != nil {
		return err
	}
	r.recordCommands(res)
	r.last = res
	if at >= 0 {
		r.next = at + 1
	}
	if res.ExitCode != 0 {
		return r.mismatch(line, r.exitCode(0), r.exitCode(res.ExitCode)+": "+strings.TrimSpace(res.Stderr+res.Stdout))
	}
	return nil
}

// upcoming returns the page's next command that is printed as a line, and its
// index; -1 if the line is not among the commands that follow.
func (r *reader) upcoming(line string) (tutorial.Command, int) {
	for i, c := range r.page.Typed(r.topology())[r.next:] {
		if c.Printed == line {
			return c, r.next + i
		}
	}
	return tutorial.Command{}, -1
}

func (r *reader) exitCode(code int) string { return r.lang.Say("exit code %d", code) }

func (r *reader) takeComparison() *harness.Comparison {
	taken := r.comparison
	r.comparison = nil
	return taken
}

var errNoOutput = lang.Errorf("the page shows no output of what was typed last")

// showsPage compares what the terminal shows last with what the page shows.
func (r *reader) showsPage() error {
	if r.last.Argv == nil {
		return errNothingTyped
	}
	if r.next == 0 {
		return errNoOutput
	}
	command := r.page.Typed(r.topology())[r.next-1]
	if command.Kind == "" {
		return errNoOutput
	}
	made, err := r.page.Compare(command, r.last, r.lang)
	if err != nil {
		return r.terminalMismatch(r.lang.Say("what the page shows"), err)
	}
	r.comparison = &made
	r.compared = append(r.compared, made)
	c := r.compare("the terminal beside the page, %s", made.Page)
	for _, f := range made.FieldsWith(harness.FieldWrong) {
		c.addDifference(f.Name+": "+r.orNotShown(f.Page), f.Name+": "+r.orNotShown(f.Seen))
	}
	return c.mismatch()
}

// differencesSeen wants each difference that is listed of the outputs which were
// compared to have been there in one of them.
func (r *reader) differencesSeen() error {
	if len(r.compared) == 0 {
		return lang.Errorf("nothing was compared with the page")
	}
	if unused := r.page.Unused(r.compared, r.lang); len(unused) > 0 {
		return r.mismatch(r.lang.Say("the known differences"), r.lang.Say("each of them seen"),
			r.lang.Say("not seen any more:\n%s", strings.Join(unused, "\n")))
	}
	return nil
}

func (r *reader) terminalMismatch(expected string, seen error) error {
	return r.mismatch(r.lang.Say("the terminal"), expected, r.lang.Error(seen))
}

// errNothingTyped reports a sentence about an output before there is one.
var errNothingTyped = lang.Errorf("nothing was typed yet")

// parseShown parses what the terminal shows last.
func parseShown[T any](r *reader, expected string, parse func(string) (T, error)) (shown T, err error) {
	if r.last.Argv == nil {
		return shown, errNothingTyped
	}
	if shown, err = parse(r.last.Stdout); err != nil {
		err = r.terminalMismatch(expected, err)
	}
	return shown, err
}

func (r *reader) showsContainerID(ctx context.Context, host string) error {
	id, err := parseShown(r, r.lang.Say("the id of a container, 64 digits"), tutorial.ParseID)
	if err != nil {
		return err
	}
	e, err := r.engineOf(host)
	if err != nil {
		return err
	}
	c, err := e.Inspect(ctx, id)
	if err == nil && !c.Running {
		err = r.mismatch(r.lang.Say("the container on %s", host), "running", c.State)
	}
	return err
}

func (r *reader) showsNetworkID(ctx context.Context, network string) error {
	id, err := parseShown(r, r.lang.Say("the id of a network, 64 digits"), tutorial.ParseID)
	if err != nil {
		return err
	}
	n, err := r.cluster.Swarm().Network(ctx, network)
	if err == nil && n.ID != id {
		err = r.mismatch(r.lang.Say("the terminal"), r.lang.Say("the id of %s, %s", network, n.ID), id)
	}
	return err
}

func (r *reader) listsNetworkAmong(count int, name, driver string) error {
	headings := []string{"NAME", "DRIVER"}
	table, err := parseShown(r, r.lang.Say("a table with %s", r.listed(headings)), func(out string) (tutorial.Table, error) {
		return tutorial.ParseTable(out, headings...)
	})
	if err != nil {
		return err
	}
	c := r.compare("the networks that the terminal lists")
	var names, drivers []string
	for _, row := range table.Rows {
		names = append(names, row["NAME"])
		if row["NAME"] == name {
			drivers = append(drivers, row["DRIVER"])
		}
	}
	if len(table.Rows) != count {
		c.addDifference(r.lang.Say("%d networks", count), r.lang.Say("%d networks: %s", len(table.Rows), r.listed(names)))
	}
	c.expectEqual(name, driver, r.listed(drivers))
	return c.mismatch()
}

// showsManagerID wants the Swarm manager's container id as the cluster's name.
func (r *reader) showsManagerID(ctx context.Context) error {
	info, err := parseShown(r, r.lang.Say("what docker info prints"), tutorial.ParseInfo)
	if err != nil {
		return err
	}
	return r.containers.isManagerID(ctx, r.topology().Manager.Name, r.orNotShown(info.Get("Name")))
}

// inspectShows wants the Consul and the Swarm manager container in what `docker
// network inspect` shows, or wants neither.
func (r *reader) inspectShows(wanted bool) func(context.Context, string) error {
	return func(ctx context.Context, network string) error {
		shown, err := parseShown(r, r.lang.Say("what docker network inspect prints"), tutorial.ParseNetworkInspect)
		if err != nil {
			return err
		}
		c := r.compare("the network in the terminal")
		c.expectEqual("Name", network, shown.Name)
		for _, service := range []string{tutorial.Consul, tutorial.SwarmManager} {
			container, err := r.containers.findOnly(ctx, service, r.topology().Manager.Name)
			if err != nil {
				return err
			}
			if _, there := shown.Containers[container.ID]; there != wanted {
				c.expectEqual(r.titleOf(service), r.attached(wanted), r.attached(there))
			}
		}
		return c.mismatch()
	}
}
