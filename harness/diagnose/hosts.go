package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// hosts finds out why engines do not answer.
func (d *diagnosis) hosts() {
	before := len(d.found)
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		switch {
		case f.dialErr != nil:
			d.unreachable(f)
		case f.hangs(): // what it waits for is asked first
		case f.infoErr != nil:
			d.silent(f)
		case f.info.Name != h.Name:
			d.report("host-name", h.Name, hostsSection, d.Lang.Say(
				"the host at %[1]s calls itself %[2]s, not %[3]s", "%[1]s のホストは %[3]s ではなく %[2]s と名乗っている", h.Addr, f.info.Name, h.Name), part{engineKind, h.Name}).
				saw(docker(h, "info --format '{{.Name}}'"), f.info.Name).
				advise(d.Lang.Say("give the host its name back: hostname %s, on the host itself", "ホスト上で hostname %s を実行し、名前を元に戻す", h.Name))
		}
	}
	d.sameID()
	d.asked(before, true, "every host can be reached, and every engine answers as itself", "全ホストに到達でき、全 Engine が自分の名前で応答する")
}

// unreachable: no connection to the engine's port came about.
func (d *diagnosis) unreachable(f *hostFacts) {
	h := f.host
	asked := "TCP " + at(h, harness.EnginePort)
	answered := reason(f.dialErr)
	refused := errors.Is(f.dialErr, engine.ErrRefused) || strings.Contains(answered, "refused")
	rules := f.probe.refuses(harness.EnginePort, d.topology.Hosts())
	outer, known := f.probe.outer(h)
	var r *finding
	switch {
	case f.probe.err != nil:
		r = d.report("host-down", h.Name, hostsSection, d.Lang.Say("the host %s is down", "ホスト %s が停止している", h.Name), part{engineKind, h.Name}).
			saw("a command on "+h.Name, f.probe.err.Error()).
			advise(d.Lang.Say("start the host, and look at why it ended", "ホストを起動し、停止した理由を調べる"))
		d.whyEnded(f, r)
	case len(rules) > 0:
		r = d.blocked("engine-port-blocked", f, rules, harness.EnginePort, part{engineKind, h.Name})
	case !known || !outer.up:
		r = d.report("host-link-down", h.Name, hostsSection, d.Lang.Say("no network interface of %s that is up has the address %s", "%s で稼働中のどのネットワークインタフェースにもアドレス %s がない", h.Name, h.Addr), part{engineKind, h.Name}).
			saw("ip addr, on "+h.Name, describeLinks(f.probe.links)).
			advise(d.Lang.Say("bring the interface up, or give it its address again", "インタフェースを起動するか、アドレスを付け直す"))
	case f.probe.state == 0 || refused:
		r = d.report("engine-ended", h.Name, hostsSection, d.Lang.Say("no engine listens on port %d of %s", "%[2]s のポート %[1]d で待ち受ける Engine がない", harness.EnginePort, h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe.state)).
			advise(d.Lang.Say("start the engine with --host=tcp://%s: systemctl start docker, on the host itself", "ホスト上で systemctl start docker を実行し、--host=tcp://%s で Engine を起動する", at(h, harness.EnginePort)))
		d.whyEnded(f, r)
	default:
		r = d.report("host-unreachable", h.Name, hostsSection, d.Lang.Say("%s can't be reached on port %d, although its engine runs", "%s の Engine は動いているが、ポート %d に到達できない", h.Name, harness.EnginePort), part{engineKind, h.Name}).
			sure(harness.Likely).
			advise(d.Lang.Say("look for what is between: security groups, routes, firewalls", "間にあるもの(セキュリティグループ、経路、ファイアウォール)を調べる"))
	}
	r.saw(asked, answered)
}

// silent: a connection came about, and no engine's answer.
func (d *diagnosis) silent(f *hostFacts) {
	h := f.host
	asked, answered := docker(h, "info"), reason(f.infoErr)
	var r *finding
	switch {
	case errors.Is(f.infoErr, engine.ErrWrongService):
		r = d.report("engine-port-taken", h.Name, hostsSection, d.Lang.Say("what answers on port %d of %s is no engine", "%[2]s のポート %[1]d で応答するのは Engine ではない", harness.EnginePort, h.Name), part{engineKind, h.Name}).
			advise(d.Lang.Say("stop what has the port and start the engine", "ポートを占めているものを止め、Engine を起動する"))
	case f.probe.err != nil:
		r = d.report("host-frozen", h.Name, hostsSection, d.Lang.Say("%s takes connections, but nothing on it runs", "%s は接続を受け付けるが、何も動いていない", h.Name), part{engineKind, h.Name}).
			saw("a command on "+h.Name, f.probe.err.Error()).sure(harness.Likely).
			advise(d.Lang.Say("the machine is paused or overloaded: resume or restart it", "マシンが一時停止中か過負荷である。再開または再起動する"))
	case f.probe.state == 'T':
		r = d.report("engine-frozen", h.Name, hostsSection, d.Lang.Say("the engine of %s is stopped: it takes connections and says nothing", "%s の Engine は停止(T)状態で、接続を受けても応答しない", h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe.state)).
			advise(d.Lang.Say("let it go on: kill -CONT $(pidof dockerd), on the host itself", "ホスト上で kill -CONT $(pidof dockerd) を実行し、再開する"))
	default:
		r = d.report("engine-silent", h.Name, hostsSection, d.Lang.Say("the engine of %s takes connections and gives no answer", "%s の Engine は接続を受け付けるが、答えを返しない", h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe.state)).sure(harness.Likely).
			advise(d.Lang.Say("restart it: systemctl restart docker, on the host itself", "ホスト上で systemctl restart docker を実行する"))
	}
	r.saw(asked, answered)
}

// hung lays engines that hang to what keeps them from their cluster store,
// where something does: they wait for it.
func (d *diagnosis) hung() {
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		asked, err := docker(h, "info"), f.infoErr
		if f.answers() {
			asked, err = docker(h, "ps"), f.boxesErr
		}
		if !f.hangs() && (!f.answers() || err == nil) {
			continue
		}
		answered := reason(err)
		store := []part{{consulBoxKind, ""}, {consulKind, ""}, {reachKind, h.Name}}
		i := slices.IndexFunc(d.found, func(r *finding) bool { return r.breaksAny(store) })
		if i >= 0 {
			d.found[i].breaks = append(d.found[i].breaks, part{engineKind, h.Name})
			d.found[i].saw(asked, d.Lang.Say("%s: it waits for its cluster store", "%s: クラスタストアを待っている", answered))
			continue
		}
		d.report("engine-hangs", h.Name, hostsSection, d.Lang.Say("the engine of %s runs, takes connections and does not answer", "%s の Engine は動作し接続も受け付けるが、応答しない", h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe.state)).saw(asked, answered).sure(harness.Likely).
			advise(d.Lang.Say("restart it: systemctl restart docker, on the host itself", "ホスト上で systemctl restart docker を実行する"))
	}
}

// whyEnded adds what an engine's log says of its end, and narrows the cause
// where that is known.
func (d *diagnosis) whyEnded(f *hostFacts, r *finding) {
	last := line(f.log, "failed to start daemon", "fatal", "level=error", "unable to configure")
	if last == "" {
		return
	}
	r.saw("the engine's log, on "+f.host.Name, last)
	switch {
	case strings.Contains(last, "advertise"):
		r.Code = "engine-bad-advertise"
		r.Cause = d.Lang.Say("the engine of %s does not start: what it is to advertise is no address of it", "%s の Engine は起動しない。広告すべきものが自分のアドレスではない", f.host.Name)
		r.Advice = d.Lang.Say("start it with --cluster-advertise=%s", "--cluster-advertise=%s で起動する", at(f.host, harness.EnginePort))
	case strings.Contains(last, "discovery") && strings.Contains(last, "not supported"):
		r.Code = "engine-no-backend"
		r.Cause = d.Lang.Say("the engine of %s does not start: it was built without the backend that its cluster store names", "%s の Engine は起動しない。クラスタストアに指定されたバックエンドが組み込まれていない", f.host.Name)
		r.Advice = d.Lang.Say("start it with --cluster-store=%s, and an engine that has Consul's backend (up to 20.10; Debian 12's has not)", "Consul バックエンドを持つ Engine(20.10 以前。Debian 12 のものは持たない)を --cluster-store=%s で起動する", d.store())
	}
}

// blocked reports rules of a host's packet filter that stop a port, or that cut
// it off from another host altogether.
func (d *diagnosis) blocked(code string, f *hostFacts, rules []string, port uint16, breaks ...part) *finding {
	cause := d.Lang.Say("the packet filter of %s stops traffic on port %d", "%s のパケットフィルタがポート %d の通信を止めている", f.host.Name, port)
	if !slices.ContainsFunc(rules, func(r string) bool { return strings.Contains(r, "port ") }) {
		code = "host-cut"
		cause = d.Lang.Say("the packet filter of %s stops all traffic with another host", "%s のパケットフィルタが他ホストとの通信をすべて止めている", f.host.Name)
	}
	r := d.report(code, f.host.Name, networkSection, cause, breaks...)
	var undo []string
	for _, rule := range rules {
		r.saw("iptables-save, on "+f.host.Name, rule)
		undo = append(undo, "iptables "+strings.Replace(rule, "-A ", "-D ", 1))
	}
	return r.advise(d.Lang.Say("take the rule away, on %s itself: %s", "%s 上で規則を取り除く: %s", f.host.Name, strings.Join(undo, "; ")))
}

// roomless reports file systems that the engine can't write to any more.
func (d *diagnosis) roomless(f *hostFacts) {
	if len(f.probe.full) == 0 {
		return
	}
	d.report("disk-full", f.host.Name, hostsSection, d.Lang.Say("there is no room left where the engine of %s writes", "%s の Engine の書き込み先に空きがない", f.host.Name), part{diskKind, f.host.Name}).
		saw("df, on "+f.host.Name, strings.Join(f.probe.full, "; ")).
		advise(d.Lang.Say("make room: %s shows what takes it", "空きを作る。%s で内訳がわかる", docker(f.host, "system df")))
}

// sameID reports engines that share an identity: Swarm lists only one of them.
func (d *diagnosis) sameID() {
	owners := map[string]harness.Host{}
	for _, h := range d.topology.Hosts() {
		id := d.facts.hosts[h.Name].info.ID
		first, taken := owners[id]
		if id == "" || !taken {
			owners[id] = h
			continue
		}
		d.report("engine-same-id", h.Name, hostsSection, d.Lang.Say("the engines of %s and %s have the same ID", "%s と %s の Engine の ID が同じである", first.Name, h.Name), part{memberKind, first.Name}, part{memberKind, h.Name}).
			saw(docker(first, "info --format '{{.ID}}'"), id).saw(docker(h, "info --format '{{.ID}}'"), id).
			advise(d.Lang.Say("the host was copied: remove /etc/docker/key.json on %s and restart its engine", "ホストが複製されている。%s の /etc/docker/key.json を消して Engine を再起動する", h.Name))
	}
}

// reason is the last part of an error: what the system said.
func reason(err error) string {
	for _, kind := range []error{engine.ErrRefused, engine.ErrTimeout, engine.ErrClosed, engine.ErrWrongService} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return err.Error()
}

func describeLinks(links []link) string {
	var all []string
	for _, l := range links {
		state := "down"
		if l.up {
			state = "up"
		}
		if l.name != "lo" {
			all = append(all, fmt.Sprintf("%s %s %s, mtu %d", l.name, state, l.addr, l.mtu))
		}
	}
	return strings.Join(all, "; ")
}

func engineState(state byte) string {
	switch state {
	case 0:
		return "no dockerd"
	case 'T':
		return "dockerd in state T (stopped)"
	}
	return "dockerd in state " + string(state)
}
