package diagnose

import (
	"strconv"
	"strings"
)

// store is the cluster store that every engine is to have.
func (d *diagnosis) store() string { return strings.TrimSuffix(d.topology.Discovery(), "/") }

// lastWithStore is the last version of the engine that has --cluster-store.
const lastWithStore = 20

// settings finds engines that are not set up for the cluster store.
func (d *diagnosis) settings() {
	before := len(d.found)
	for _, h := range d.topology.Hosts() {
		if d.holds(engineKind, h.Name) {
			d.setting(d.facts.hosts[h.Name])
			d.roomless(d.facts.hosts[h.Name])
		}
	}
	d.unsaid()
	d.asked(before, true, "every engine has the cluster store, advertises its own address and has room")
}

func (d *diagnosis) setting(f *hostFacts) {
	h := f.host
	have, advertised := strings.TrimSuffix(f.info.ClusterStore, "/"), f.info.ClusterAdvertise
	asked := docker(h, "info")
	breaks := part{settingKind, h.Name}
	restart := d.Lang.Say("restart the engine with --cluster-store=%s --cluster-advertise=%s (in /etc/default/docker or the unit), on the host itself", d.store(), h.Engine().String())
	major, _, _ := strings.Cut(f.info.ServerVersion, ".")
	version, _ := strconv.Atoi(major)
	switch {
	case have == "" && version > lastWithStore:
		d.report("engine-too-new", h.Name, hostsSection, d.Lang.Say("the engine of %s is %s: --cluster-store is gone since 23.0", h.Name, f.info.ServerVersion), breaks).
			saw(asked, "Server Version: "+f.info.ServerVersion).
			advise(d.Lang.Say("install Engine 20.10 or older"))
	case have == "":
		d.report("engine-no-store", h.Name, hostsSection, d.Lang.Say("the engine of %s has no cluster store: overlay networks do not reach it", h.Name), breaks).
			saw(asked, "no Cluster Store").advise(restart)
	case have != d.store():
		d.report("engine-wrong-store", h.Name, hostsSection, d.Lang.Say("the engine of %s has another cluster store", h.Name), breaks).
			saw(asked, "Cluster Store: "+have).advise(restart)
	case advertised != h.Engine().String():
		if advertised == "" {
			advertised = "none"
		}
		d.report("engine-wrong-advertise", h.Name, hostsSection, d.Lang.Say("the engine of %s does not advertise its own address", h.Name), breaks).
			saw(asked, "Cluster Advertise: "+advertised).advise(restart)
	}
}
