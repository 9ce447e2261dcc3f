package images

import (
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
)

//go:embed consul node swarm workload packages.lock digests.lock
var files embed.FS

// embedded is the content of an embedded file. That each name exists is tested.
func embedded(name string) []byte {
	content, _ := files.ReadFile(name)
	return content
}

// lock is packages.lock by architecture and name.
var lock = sync.OnceValues(func() (map[[2]string]debian.Package, error) {
	all, err := debian.ParseLock(strings.NewReader(string(embedded("packages.lock"))))
	if err != nil {
		return nil, lang.Errorf("packages.lock: %w", err)
	}
	packages := map[[2]string]debian.Package{}
	for _, p := range all {
		packages[[2]string{p.Arch, p.Name}] = p
	}
	return packages, nil
})

// pinned are packages as packages.lock pins them.
func pinned(names []string, arch string) ([]debian.Package, error) {
	packages, err := lock()
	if err != nil {
		return nil, err
	}
	var all []debian.Package
	for _, name := range names {
		p, ok := packages[[2]string{arch, name}]
		if !ok {
			return nil, lang.Errorf("packages.lock has no %s for %s: images can be made for amd64 and arm64", name, arch)
		}
		all = append(all, p)
	}
	return all, nil
}

// Packages are the names of all packages that images are made of.
func Packages() []string {
	all := map[string]bool{}
	for n := range recipes() {
		addPackages(all, n)
	}
	return slices.Sorted(maps.Keys(all))
}

// addPackages adds the packages of an image, and of those that it stores.
func addPackages(to map[string]bool, n Name) {
	for _, p := range recipes()[n].Layers {
		for _, name := range p.Packages {
			to[name] = true
		}
		for _, stored := range p.Stored {
			addPackages(to, stored)
		}
	}
}

func packagesOf(which []Name, arch string) ([]debian.Package, error) {
	all := map[string]bool{}
	for _, n := range which {
		addPackages(all, n)
	}
	return pinned(slices.Sorted(maps.Keys(all)), arch)
}

// recipes are the recipes of all images. README.md says why each thing is in
// its image.
func recipes() map[Name]recipe {
	return map[Name]recipe{
		Node:           nodeRecipe(Swarm, Workload),
		NodeWithConsul: nodeRecipe(Consul, Swarm, Workload),
		Consul:         consulRecipe(),
		Swarm:          swarmRecipe(),
		Workload:       workloadRecipe(),
		SSHD:           sshdRecipe(),
	}
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// notUsed is what packages bring that no image uses.
func notUsed() []string {
	return []string{
		"usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug",
		"usr/share/bash-completion", "usr/share/zsh", "usr/share/fish", "usr/share/doc-base", "usr/share/menu",
		"usr/share/initramfs-tools", "usr/share/pixmaps", "usr/share/apport", "usr/share/common-licenses",
		"etc/init.d", "lib/systemd", "etc/systemd", "etc/cron.daily", "etc/logrotate.d", "etc/update-motd.d",
		"lib/udev", "etc/pam.d", "usr/share/pam",
		"usr/lib/*/gconv", "usr/lib/locale", // character sets other than UTF-8, and their order
		"lib/*/security", // PAM's modules: nobody logs in
		"lib/*/libmvec*", // vectors
		"usr/lib/*/lib[fmp][oea][rn][mue]*.so.6*", // forms, menus and panels of ncurses
		// What of a package is for disks, swap, clocks, and networks other than IP.
		"sbin/fsck*", "sbin/mkfs*", "sbin/mk*", "sbin/swap*", "sbin/hwclock", "sbin/zramctl", "sbin/blk*", "sbin/*getty",
		"sbin/chcpu", "sbin/ctrlaltdel", "sbin/fstrim", "sbin/isosize", "sbin/sulogin", "sbin/wipefs", "sbin/raw", "sbin/fsfreeze",
		"usr/bin/*part", "usr/bin/partx", "usr/sbin/chmem", "usr/sbin/rtcwake", "usr/sbin/readprofile", "bin/wdctl", "bin/lsblk",
		"usr/bin/ls[cilm]*", "usr/bin/utmpdump", "usr/bin/ipc*", "usr/bin/chmem",
		"sbin/devlink", "sbin/tipc", "sbin/dcb", "usr/bin/rdma", "usr/sbin/arpd", "usr/bin/rtacct", "usr/lib/tc",
		"usr/sbin/genl", "sbin/rtmon", "usr/bin/lnstat", "usr/bin/ctstat", "usr/bin/rtstat", "usr/bin/slabtop",
		// Of libc-bin all but getent.
		"sbin/ldconfig", "usr/bin/localedef", "usr/bin/iconv", "usr/bin/locale", "usr/bin/ld*", "usr/bin/pldd", "usr/bin/tzselect",
		"usr/bin/zdump", "usr/sbin/zic", "usr/sbin/iconvconfig", "usr/bin/catchsegv", "usr/sbin/rmt-tar", "etc/rmt",
	}
}

// nodeRecipe is a host: an engine, and the programs that a reader, labcheck and
// its faults run there. The images are in its engine's store from the start.
func nodeRecipe(stored ...Name) recipe {
	return recipe{
		Layers: []part{
			{
				Packages: []string{"docker.io", "containerd", "runc", "tini"},
				Not: append(notUsed(),
					"usr/bin/ctr", "usr/bin/dnet", "usr/sbin/ovrouter", // nobody calls them
					"usr/bin/containerd-shim", "usr/bin/containerd-shim-runc-v1", // the engine uses runc-v2
					"usr/share/docker.io"),
			},
			{
				Packages: nodePackages(),
				Not:      append(notUsed(), "var/lock", "var/run", "usr/share/ca-certificates", "usr/lib/*/perl-base/unicore", "usr/lib/*/perl-base/auto/re"),
				// update-ca-certificates
				Joined: map[string]string{"etc/ssl/certs/ca-certificates.crt": "usr/share/ca-certificates/mozilla/*.crt"},
				Texts:  nodeTexts(),
				Links:  nodeLinks(),
				Files: map[string]string{
					"usr/local/bin/node": "node/node", "usr/local/bin/listen": "node/listen", "usr/local/bin/relay": "node/relay",
				},
			},
			{Stored: stored},
		},
		Config: v1.Config{
			Env:     []string{defaultPath},
			Volumes: map[string]struct{}{"/var/lib/docker": {}}, // overlay2 does not work on an overlay
			// docker-init reaps what nested containers leave behind.
			Entrypoint: []string{"docker-init", "--", "/usr/local/bin/node"},
		},
	}
}

func nodePackages() []string {
	return slices.Concat(
		[]string{"base-files", "netbase"}, // /etc/os-release, /tmp, /root; names of ports
		[]string{"libc6", "libc-bin", "libcrypt1", "zlib1g", "libgcc-s1"},
		[]string{"libsystemd0", "liblzma5", "liblz4-1", "libzstd1", "libgcrypt20", "libgpg-error0"}, // of the engine
		[]string{"libdevmapper1.02.1", "libudev1", "libseccomp2"},
		[]string{"iptables", "libip4tc2", "libip6tc2", "libxtables12", "libmnl0", "libnftnl11", "libnetfilter-conntrack3", "libnfnetlink0"},
		[]string{"iproute2", "libbpf0", "libelf1", "libbsd0", "libmd0", "libcap2"},
		[]string{"ca-certificates"}, // a node may pull images of its own
		[]string{"perl-base"},       // listen and relay; the diagnosis dials with it
		// What a reader types, and labcheck and its faults run.
		[]string{"bash", "dash", "coreutils", "sed", "grep", "mawk", "findutils", "tar", "gzip", "hostname", "debianutils", "procps", "iputils-ping"},
		[]string{"util-linux", "mount"},
		[]string{"libselinux1", "libpcre2-8-0", "libpcre3", "libacl1", "libattr1", "libgmp10", "libtinfo6", "libncursesw6", "libprocps8"}, // of these
		[]string{"libidn2-0", "libunistring2", "libmount1", "libblkid1", "libsmartcols1", "libuuid1", "libaudit1", "libcap-ng0", "libpam0g"},
	)
}

// nodeTexts are files that maintainer scripts make.
func nodeTexts() map[string]string {
	return map[string]string{
		// base-passwd, and docker.io for the group that may use the engine's socket
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
		"etc/group":  "root:x:0:\ndocker:x:101:\nnogroup:x:65534:\n",
		// base-files; without it libc asks DNS before /etc/hosts
		"etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n",
	}
}

// nodeLinks are links that maintainer scripts make: base-files, and
// alternatives with the choice that Debian makes.
func nodeLinks() map[string]string {
	links := map[string]string{"var/run": "/run", "var/lock": "/run/lock", "usr/bin/awk": "mawk"}
	for _, name := range []string{"iptables", "ip6tables", "arptables", "ebtables"} {
		for _, command := range []string{"", "-save", "-restore"} {
			links["usr/sbin/"+name+command] = name + "-nft" + command
		}
	}
	return links
}

// libc is what of libc6 a program of a small image is loaded and linked with.
func libc(more ...string) []string {
	only := []string{"lib64", "lib/ld-linux-*", "lib/*/ld-[0-9]*", "lib/*/libc.so.*", "lib/*/libc-[0-9]*"}
	for _, name := range more {
		only = append(only, "lib/*/"+name+".so.*", "lib/*/"+name+"-[0-9]*")
	}
	return only
}

// consulRecipe is what the tutorial's progrium/consul is.
func consulRecipe() recipe {
	ports := map[string]struct{}{}
	for _, port := range []string{"53/tcp", "53/udp", "8300/tcp", "8301/tcp", "8301/udp", "8302/tcp", "8302/udp", "8400/tcp", "8500/tcp"} {
		ports[port] = struct{}{}
	}
	return recipe{
		Layers: []part{{
			Packages: []string{"libc6", "busybox", "consul"},
			Only:     append(libc("libpthread", "libresolv"), "usr/bin/consul", "bin/busybox"),
			Renamed:  map[string]string{"usr/bin/consul": "bin/consul"},
			Links:    map[string]string{"bin/sh": "busybox"},
			Files:    map[string]string{"bin/start": "consul/start", "config/lab.hcl": "consul/lab.hcl"},
			Folders:  map[string]int64{"tmp": 0o1777},
		}},
		Config: v1.Config{
			// 1 elects a leader in 2 s; 5 is Consul's own default and takes 10 s.
			Env:          []string{defaultPath, "CONSUL_RAFT_MULTIPLIER=1"},
			Volumes:      map[string]struct{}{"/data": {}},
			ExposedPorts: ports,
			Entrypoint:   []string{"/bin/start"},
		},
	}
}

// swarmRecipe is what the image swarm:1.2.9 is.
func swarmRecipe() recipe {
	return recipe{
		Layers: []part{{Swarm: true}},
		Config: v1.Config{
			Env:          []string{defaultPath, "SWARM_HOST=:2375"}, // where `manage` listens
			ExposedPorts: map[string]struct{}{"2375/tcp": {}},
			Entrypoint:   []string{"/swarm"},
			Cmd:          []string{"--help"},
		},
	}
}

// workloadRecipe is a small container that looks names up and pings.
func workloadRecipe() recipe {
	links := map[string]string{}
	for applet := range strings.FieldsSeq(string(embedded("workload/applets"))) {
		links["bin/"+applet] = "busybox"
	}
	return recipe{
		Layers: []part{{
			Packages: []string{"libc6", "busybox"},
			// Looking up a name, libc loads the two libraries of NSS.
			Only:    append(libc("libresolv", "libnss_dns", "libnss_files"), "bin/busybox"),
			Links:   links,
			Files:   map[string]string{"bin/idle": "workload/idle"},
			Texts:   map[string]string{"etc/nsswitch.conf": "hosts: files dns\n"},
			Folders: map[string]int64{"tmp": 0o1777},
		}},
		Config: v1.Config{Env: []string{defaultPath}, Cmd: []string{"/bin/idle"}},
	}
}

// sshdRecipe is a node with Debian's sshd and sudo, and two users: ops may do
// all, guest nothing. It is for labcheck's own tests of nodes that exist.
func sshdRecipe() recipe {
	r := nodeRecipe(Swarm, Workload)
	r.Layers = append(r.Layers, part{
		Packages: []string{
			"openssh-server", "openssh-client", "libedit2", "libfido2-1", "libcbor0", "sudo", "libpam-modules", "libssl1.1", "libwrap0", "libnsl2",
			"libtirpc3", "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libcom-err2", "libkeyutils1",
		},
		Not: append(slices.DeleteFunc(notUsed(), func(pattern string) bool { return pattern == "lib/*/security" }),
			"lib/*/security/pam_userdb.so"), // it needs Berkeley DB
		Texts: map[string]string{
			"etc/passwd": nodeTexts()["etc/passwd"] + "sshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n" +
				"ops:x:1000:1000::/home/ops:/bin/sh\nguest:x:1001:1001::/home/guest:/bin/sh\n",
			"etc/group":         nodeTexts()["etc/group"] + "sudo:x:27:ops\nops:x:1000:\nguest:x:1001:\n",
			"etc/shadow":        "root:*:18000::::::\nops:*:18000::::::\nguest:*:18000::::::\n",
			"etc/sudoers.d/ops": "ops ALL=(ALL) NOPASSWD: ALL\n",
			"etc/pam.d/sudo":    "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
		},
	})
	return r
}
