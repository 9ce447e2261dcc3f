package sim

import (
	"net/netip"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Subnet is that of a lab, as a flag.
type Subnet struct{ netip.Prefix }

// String implements pflag.Value.
func (s *Subnet) String() string {
	if !s.IsValid() {
		return ""
	}
	return s.Prefix.String()
}

// Type implements pflag.Value.
func (s *Subnet) Type() string { return "CIDR" }

// Set implements pflag.Value.
func (s *Subnet) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return lang.Errorf("want a subnet such as 192.168.34.0/24")
	}
	s.Prefix = p.Masked()
	return harness.Tutorial().CheckSubnet(s.Prefix)
}
