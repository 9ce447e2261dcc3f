package survey

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// script asks a host for all of a probe at once; each section follows a line
// that names it. Its arguments are the dialler, and the dialler's: it dials from the
// host and, as root, from where each process of Swarm is.
const script = `PATH=$PATH:/usr/sbin:/sbin
echo '== user'; id -u
echo '== link'; ip -o link
echo '== addr'; ip -o -4 addr
echo '== rule'; rules=$(iptables-save) && read=yes; echo "$rules" | awk '
	/^[*]/ { table = $1 == "*filter" ? "" : "-t " substr($1, 2) " " }
	/-j (DROP|REJECT)/ { print table $0 }'
test -n "$read" && { echo '== kept'; echo "$rules" | grep -E -e '^:FORWARD DROP' -e '^-A .*(MASQUERADE|SNAT|-i .* -j ACCEPT)'; }
echo '== forward'; cat /proc/sys/net/ipv4/ip_forward
echo '== disk'; df -P -k /var/lib/docker /var/lib/docker/*/
echo '== engine'; grep -h -s -A 2 '^Name:.dockerd$' /proc/[0-9]*/status
echo '== neighbour'; ip neigh show nud permanent
for n in /var/run/docker/netns/*; do nsenter --net="$n" ip neigh show nud permanent; done
echo '== forward to'; bridge fdb show
for n in /var/run/docker/netns/*; do nsenter --net="$n" bridge fdb show; done
echo '== silent'; command -v perl >/dev/null && {
	for s in $(grep -l -s '^Name:.swarm$' /proc/[0-9]*/status); do
		p=${s#/proc/}; nsenter --target="${p%/status}" --net perl -e "$@" 2>/dev/null | sed 's/^/swarm: /' &
	done
	perl -e "$@"; wait; } || echo '== no dialler'`

// asRoot runs a command as root where that is possible without a password: what
// packet filters and network namespaces hold is told to nobody else. Who is not
// of the groups that sudo is for does not try: that would be reported.
const asRoot = `if [ "$(id -u)" != 0 ] && id -nG | grep -qwE "sudo|wheel|admin" && sudo -n true 2>/dev/null
then set -- sudo -n "$@"
fi
exec "$@"`

// dialler says which addresses do not answer within a second: TCP those that
// take no connection, UDP those that send nothing back. Its arguments are the
// datagram in hexadecimal, and then tcp ADDR PORT or udp ADDR PORT, each. One
// process does it all: a shell would start hundreds on a cluster.
const dialler = `use Socket; use Fcntl;
my $datagram = pack("H*", shift);
my %waits;
while (my ($proto, $addr, $port) = splice(@ARGV, 0, 3)) {
	my $udp = $proto eq "udp";
	socket(my $s, PF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0) or die "socket: $!";
	fcntl($s, F_SETFL, O_NONBLOCK);
	connect($s, pack_sockaddr_in($port, inet_aton($addr)));
	send($s, $datagram, 0) if $udp;
	$waits{fileno $s} = [$s, $udp, "$proto $addr $port"];
}
for (my ($found, $left) = (1, 1); $found && %waits;) {
	my ($read, $write) = ("", "");
	vec($waits{$_}[1] ? $read : $write, $_, 1) = 1 for keys %waits;
	($found, $left) = select($read, $write, undef, $left);
	last if $found <= 0;
	for my $fd (grep { vec($read, $_, 1) || vec($write, $_, 1) } keys %waits) {
		my ($s, $udp, $what) = @{delete $waits{$fd}};
		my $ok = $udp ? defined recv($s, my $answer, 1500, 0) : !unpack("i", getsockopt($s, SOL_SOCKET, SO_ERROR));
		print "no answer from $what\n" unless $ok;
	}
}
print "no answer from $_->[2]\n" for values %waits;`

// probeTime is how long a host's probe may take; what it dials has a second. It
// starts some 30 processes: where engines answer at once but eight others want the
// processor, that took up to 4.8 s. Where a command hangs all of it is waited for.
const probeTime = 5 * time.Second

var errNoWay = lang.Errorf("no command ended there in time")

// asks is the command by which a host is asked, without what it is to dial.
var asks = []string{"sh", "-c", asRoot, "probe", "sh", "-c", script, "probe", dialler}

// OnlyLooks reports whether argv is the command by which a survey has hosts tell of
// themselves. It changes nothing on them.
func OnlyLooks(argv []string) bool {
	return slices.Equal(argv[:min(len(argv), len(asks))], asks)
}

// dialsOf returns what a host has to reach: Consul, all others' gossip and, from
// the manager, their engines.
func dialsOf(t harness.Topology, from harness.Host) []string {
	all := []string{Dial("tcp", t.Consul())}
	for _, to := range t.Hosts() {
		if to.Name == from.Name {
			continue
		}
		all = append(all, Dial("udp", GossipOf(to)), Dial("tcp", GossipOf(to)))
		if from.Name == t.Manager.Name {
			all = append(all, Dial("tcp", to.Engine()))
		}
	}
	return all
}

// Dial returns what a probe calls a service that a host dials.
func Dial(proto string, to netip.AddrPort) string {
	return fmt.Sprintf("%s %s %d", proto, to.Addr(), to.Port())
}

// GossipOf returns where a host's engine takes gossip, and datagrams of it.
func GossipOf(h harness.Host) netip.AddrPort {
	return netip.AddrPortFrom(h.Addr, harness.GossipPort)
}

// runProbe runs the script on a host, for as long as ctx lasts. If hosts take
// commands out of band, that none can be run says nothing of the host.
func runProbe(ctx context.Context, n harness.Node, dials []string, outOfBand bool) Probe {
	argv := append(slices.Clone(asks), hex.EncodeToString(engine.GossipPing()))
	for _, d := range dials {
		argv = append(argv, strings.Fields(d)...)
	}
	r, err := n.Exec(ctx, argv...)
	switch {
	case err == nil || r.Stdout != "":
		p := ParseProbe(r.Stdout)
		p.Partial = ctx.Err() != nil
		return p
	case !outOfBand:
		return Probe{Failed: Failure{err}}
	case ctx.Err() != nil:
		return Probe{Unasked: Failure{errNoWay}}
	}
	return Probe{Unasked: Failure{err}}
}
