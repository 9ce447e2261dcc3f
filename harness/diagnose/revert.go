package diagnose

import (
	"strings"

	"labcheck/harness"
)

// findRevert sets the command that reverts what a finding is about, if it is a fault
// that labcheck injected into the lab.
func (d *diagnosis) findRevert(f *finding) {
	if d.Revert == nil {
		return
	}
	if f.stopped != nil {
		f.Revert = d.Revert(*f.stopped)
		return
	}
	for _, fault := range d.injected() {
		if f.isCausedBy(fault) {
			f.Revert = d.Revert(fault)
			return
		}
	}
}

// isCausedBy reports whether a finding is about an injected fault.
func (f *finding) isCausedBy(fault harness.Fault) bool {
	if fault.Kind == harness.FaultCut {
		return f.rulesOn == fault.Node && strings.Contains(strings.Join(f.rules, "\n"), fault.CutComment())
	}
	shows := map[harness.FaultKind]string{
		harness.FaultKill: "host-down", harness.FaultPause: "host-frozen", harness.FaultFillDisk: "disk-full",
	}
	isSlow := fault.Kind == harness.FaultSlow && f.Confidence != harness.Certain
	return f.Node == fault.Node && (f.Code == shows[fault.Kind] || isSlow)
}
