package sim

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
)

// ipFrame returns an Ethernet frame with an IPv4 packet, whose header has so many options,
// of a protocol and ports.
func ipFrame(protocol byte, options, fragment int, from, to uint16) []byte {
	ip := make([]byte, 20+4*options)
	ip[0] = 4<<4 | byte(len(ip)/4)
	binary.BigEndian.PutUint16(ip[6:], uint16(fragment))
	ip[9] = protocol
	f := append([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x08, 0x00}, ip...)
	f = binary.BigEndian.AppendUint16(f, from)
	f = binary.BigEndian.AppendUint16(f, to)
	return append(f, make([]byte, 100)...)
}

// TestAcceptPort runs the filter in the machine that x/net/bpf has for it.
func TestAcceptPort(t *testing.T) {
	const tcp, udp, icmp = 6, 17, 1
	arp := ipFrame(udp, 0, 0, 4789, 4789)
	arp[13] = 0x06
	for name, test := range map[string]struct {
		port   uint16
		packet []byte
		want   bool
	}{
		"to the port":               {4789, ipFrame(udp, 0, 0, 40000, 4789), true},
		"from the port":             {4789, ipFrame(udp, 0, 0, 4789, 40000), true},
		"TCP":                       {2375, ipFrame(tcp, 0, 0, 40000, 2375), true},
		"a header with options":     {2375, ipFrame(tcp, 10, 0, 2375, 40000), true},
		"the first fragment":        {4789, ipFrame(udp, 0, 0x2000, 40000, 4789), true},
		"not to be fragmented":      {4789, ipFrame(udp, 0, 0x4000, 40000, 4789), true},
		"a later fragment":          {4789, ipFrame(udp, 0, 0x2001, 40000, 4789), false},
		"other ports":               {4789, ipFrame(udp, 0, 0, 7946, 7946), false},
		"other ports, with options": {4789, ipFrame(udp, 3, 0, 7946, 7946), false},
		"another protocol":          {4789, ipFrame(icmp, 0, 0, 4789, 4789), false},
		"no IPv4":                   {4789, arp, false},
		"too short":                 {4789, arp[:13], false},
		"all, IPv4":                 {0, ipFrame(icmp, 0, 0, 1, 1), true},
		"all, others":               {0, arp, true},
	} {
		vm, err := bpf.NewVM(acceptPort(test.port))
		if err != nil {
			t.Fatal(err)
		}
		got, err := vm.Run(test.packet)
		if err != nil {
			t.Fatal(err)
		}
		if got > 0 != test.want || got > 0 && got < len(test.packet) {
			t.Errorf("%s: %d of %d bytes are kept, want all: %v", name, got, len(test.packet), test.want)
		}
	}
	vm, err := bpf.NewVM(rejectAll())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := vm.Run(arp); got != 0 || err != nil {
		t.Errorf("rejectAll keeps %d bytes, %v", got, err)
	}
}
