package sim

import (
	"encoding/binary"
	"encoding/hex"
	"syscall"

	"golang.org/x/net/bpf"
)

// packetFilter is a program of the kernel's packet filter. It returns how many bytes of a
// packet are kept; 0 refuses it.
type packetFilter []bpf.Instruction

// Where Ethernet and IPv4 have what tells the ports of a packet, in bytes.
const (
	offsetEtherType = 12
	offsetIP        = 14
	offsetFragment  = offsetIP + 6
	offsetProtocol  = offsetIP + 9

	etherTypeIPv4  = 0x0800
	fragmentOffset = 0x1fff // of the field: 0 in the first fragment, which has the ports
)

// acceptPort returns the filter for packets from and to a TCP or UDP port; 0 is all
// packets. Labs have IPv4 only. As with tcpdump, fragments after the first are not among
// them: they do not have the port.
func acceptPort(port uint16) packetFilter {
	accept := bpf.RetConstant{Val: snapshotLength}
	if port == 0 {
		return packetFilter{accept}
	}
	return packetFilter{
		bpf.LoadAbsolute{Off: offsetEtherType, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: etherTypeIPv4, SkipTrue: 10},
		bpf.LoadAbsolute{Off: offsetProtocol, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: syscall.IPPROTO_TCP, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: syscall.IPPROTO_UDP, SkipTrue: 7},
		bpf.LoadAbsolute{Off: offsetFragment, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: fragmentOffset, SkipTrue: 5},
		bpf.LoadMemShift{Off: offsetIP}, // the length of the IP header
		bpf.LoadIndirect{Off: offsetIP, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(port), SkipTrue: 3},
		bpf.LoadIndirect{Off: offsetIP + 2, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(port), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		accept,
	}
}

// rejectAll returns the filter that refuses all packets.
func rejectAll() packetFilter { return packetFilter{bpf.RetConstant{Val: 0}} }

// encode returns the program as the kernel of a little-endian machine takes it, in
// hexadecimal digits.
func (f packetFilter) encode() string {
	program, err := bpf.Assemble(f)
	if err != nil {
		panic(err) // all of its instructions exist
	}
	// bpf.RawInstruction has the fields of the kernel's struct sock_filter.
	b, err := binary.Append(nil, binary.LittleEndian, program)
	if err != nil {
		panic(err) // they are numbers of a fixed size
	}
	return hex.EncodeToString(b)
}
