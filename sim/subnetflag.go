package sim

import (
	"net/netip"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Subnet is that of a lab, as the value of a flag.
type Subnet netip.Prefix

// String implements pflag.Value.
func (s *Subnet) String() string {
	if p := netip.Prefix(*s); p.IsValid() {
		return p.String()
	}
	return ""
}

// Type implements pflag.Value.
func (s *Subnet) Type() string { return "CIDR" }

// Set implements pflag.Value.
func (s *Subnet) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return lang.Errorf("want a subnet such as 192.168.34.0/24")
	}
	*s = Subnet(p.Masked())
	return harness.Tutorial().CheckSubnet(p.Masked())
}
