package sim

import (
	"context"
	"strings"
)

// A host's disk is a volume on the machine's own file system; to fill it would
// fill the machine's. Instead, what the engine writes for new containers and
// images goes to a file system of 64 KiB, in memory, that is full: the kernel
// refuses it with ENOSPC, and what was there before is still read. Overlays over
// the engine's directories do it, so nothing of the host's disk is touched. Not
// covered are files that are open already and those in other directories: what
// running containers write, their logs, and volumes.

// fullName is what /proc/mounts shows as the source of the mounts.
const fullName = "labcheck-full"

const mountOverlays = `set -eu
mkdir -p /run/labcheck-full
mount -t tmpfs -o size=64k,nr_inodes=4096,mode=711 labcheck-full /run/labcheck-full
cd /run/labcheck-full
for d in image tmp containers; do
	mkdir -p "$d/upper" "$d/work"
	mount -t overlay labcheck-full "/var/lib/docker/$d" \
		-o "lowerdir=/var/lib/docker/$d,upperdir=$PWD/$d/upper,workdir=$PWD/$d/work"
done
! dd if=/dev/zero of=rest bs=4k 2>/dev/null`

// removeOverlays unmounts the overlays. Files that were removed meanwhile, which
// needs no room, are removed for good.
const removeOverlays = `set -eu
cd /run/labcheck-full
for d in image tmp containers; do
	mountpoint -q "/var/lib/docker/$d" || continue # it was not mounted
	umount --lazy "/var/lib/docker/$d"
	(cd "$d/upper" && find . -type c) | (cd "/var/lib/docker/$d" && xargs --no-run-if-empty -d '\n' rm -rf --)
done
cd /
umount --lazy /run/labcheck-full
rmdir /run/labcheck-full`

// setDiskFull leaves a host's engine no room to write, or gives it back.
func setDiskFull(ctx context.Context, n *node, on bool) error {
	script := removeOverlays
	if on {
		script = mountOverlays
	}
	_, err := n.Exec(ctx, "sh", "-c", script)
	return err
}

// isDiskFull reports whether /proc/mounts has the overlays.
func isDiskFull(mounts string) bool { return strings.Contains(mounts, "\n"+fullName+" ") }
