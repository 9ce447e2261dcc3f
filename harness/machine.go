package harness

// Machine describes the machine that holds a lab.
type Machine struct {
	CPUs  int    `json:"cpus"`
	Model string `json:"model,omitempty"` // of the CPUs, as /proc/cpuinfo has it
	// Memory and Free are in bytes; Free is what was available when the lab was started.
	Memory int64 `json:"memory"`
	Free   int64 `json:"free"`
	// Load is the load average of the last minute when the lab was started: what else the
	// machine had to do.
	Load   float64 `json:"load"`
	System string  `json:"system"` // such as Debian GNU/Linux 12 (bookworm)
	Kernel string  `json:"kernel"`
	Engine string  `json:"engine"` // the version of the engine that holds the lab
}
