# `make help` says what there is.
LABCHECK := bin/labcheck
TOOL := go tool -modfile=.ci/tools/go.mod
# One test at a time, where times count.
LAB_TEST := go test -tags lab,browser -p 1 -parallel 1 -count 1 -timeout 60m
SOAK := 20
BENCH := 10
FUZZTIME := 60s
MUTATE := harness/lang harness/engine harness/survey harness/tutorial harness/diagnose harness/steps harness/suite
TORTURE := 25

.DEFAULT_GOAL := help
.PHONY: help build e2e scale docs pages recording test unit lint mutate fuzz race race-labs vulns bench soak torture faults thorough growth engines vm nightly release-snapshot release-test release images lock measure picture clean

help: ## What there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

build: ## Build bin/labcheck, statically linked: `labcheck scale` runs it on hosts
	@CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o $(LABCHECK) ./cmd/labcheck

e2e: build ## Start the five hosts, perform the tutorial, check it, leave nothing behind
	@$(LABCHECK) check --out build/e2e

docs: build ## Write the page of each command: docs/commands, and build/man for man
	@rm -rf docs/commands build/man
	@$(LABCHECK) docs docs/commands --lang en
	@$(LABCHECK) docs build/man --lang en --format man

scale: build ## Swarm and Consul with 1,000 simulated engines and 30,000 containers, as Docker measured: build/scale
	@$(LABCHECK) scale --out build/scale

pages: build ## Perform the tutorial in both languages and make pages of it: build/pages
	@for lang in en ja; do $(LABCHECK) check --lab pages --lang $$lang --out build/evidence/$$lang || exit; done
	@mkdir -p build/pages
	@$(LABCHECK) report build/evidence/en -o build/pages/index.html
	@$(LABCHECK) report build/evidence/ja -o build/pages/ja.html

recording: e2e ## Draw docs/tutorial.svg from the recording of make e2e
	go run ./.ci/recording build/e2e/tutorial.cast >docs/tutorial.svg

test: ## Unit, command-line, browser and real-lab tests
	go vet -tags lab,browser ./...
	@# Two packages at a time, the longest first, and two tests of each: half of its time
	@# a lab waits. More would fight for two CPUs.
	$(LAB_TEST) -p 2 -parallel 2 ./cmd/labcheck ./harness/suite ./sim ./sim/images ./... ./.ci/image

unit: ## The tests that need no lab, in less than a minute. Most of it is waiting
	go test -p 4 ./...

lint: ## Linters, formatting, and the limits of `make measure`
	$(TOOL) golangci-lint run
	$(TOOL) actionlint
	shellcheck .ci/run .ci/growth .ci/engines/* .ci/release/extras .ci/release/goreleaser .ci/release/install .ci/release/test .github/actions/check/install sim/images/node/node
	go run ./.ci/measure -check

# A change has ten times as long as the tests took at first, which must not come from the
# cache: a change is compiled before it is tested. One that takes longer counts for nothing,
# so most of them must not.
mutate: ## Change the code of MUTATE, one condition or operator at a time: a test must fail
	@for package in $(MUTATE); do \
		echo "== $$package"; \
		GOFLAGS='-count=1 -vet=off' $(TOOL) gremlins unleash --workers 1 --timeout-coefficient 10 \
			--threshold-efficacy 80 --threshold-mcover 65 ./$$package || exit; \
	done

fuzz: ## Fuzz each parser for FUZZTIME
	@go list ./... | while read -r package; do \
		tests=$$(go test -list '^Fuzz' $$package) || exit; \
		for test in $$(echo "$$tests" | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$test\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit; \
		done \
	done

race: ## Unit tests with the race detector
	go test -race ./...

vulns: ## Known vulnerabilities of what labcheck uses; asks vuln.go.dev
	$(TOOL) govulncheck ./...

bench: ## Time `labcheck up` and `down`, BENCH times, beside plain hosts, and checks through ssh; memory a host
	LABCHECK_BENCH=$(BENCH) $(LAB_TEST) -timeout 60m -v -run TestBench ./cmd/labcheck

growth: build ## Measure labs of 5 to 100 hosts: docs/growth.svg, and the table of docs/topologies.md. As root
	@.ci/growth

soak: ## SOAK fresh labs; in each, containers on all hosts reach one another at once
	LABCHECK_SOAK=$(SOAK) $(LAB_TEST) -timeout 60m -v -run TestSoak ./cmd/labcheck

torture: ## End TORTURE commands by signals at random moments; nothing may be left. SEED=: the same again
	LABCHECK_TORTURE=$(TORTURE) LABCHECK_SEED=$(SEED) $(LAB_TEST) -timeout 90m -v -run TestTorture ./cmd/labcheck

faults: ## Inject each fault into a lab: its cause must be found, and fixed. UPDATE=1: write docs/diagnosis.md's tables
	@$(LAB_TEST) -v -run TestSeededFaults ./harness/diagnose -args -all $(if $(UPDATE),-record -update) $(if $(FAULTS),-faults '$(FAULTS)')

thorough: ## Every fault that a lab can be given, a cluster with replicas, four labs, images with nothing compiled
	LABCHECK_THOROUGH=1 $(LAB_TEST) -timeout 60m -v -run 'Fault|Typed|Replica|Life|LabsAtOnce' \
		./harness/tutorial ./harness/suite ./sim/images ./cmd/labcheck

race-labs: ## Tests on real labs with the race detector
	$(LAB_TEST) -race -timeout 90m ./harness/engine ./harness/tutorial ./harness/suite ./harness/diagnose ./sim

engines: ## Images, e2e and faults on dockerd 26 and later, labs on two and three of them. As root. ENGINES='trixie/containerd': only these
	@.ci/engines/run $(ENGINES)

vm: ## The same in a virtual machine with cgroup v2 and systemd, emulated: 20 minutes to an hour. As root
	@.ci/engines/vm $(ENGINES)

nightly: TORTURE := 200
nightly: faults thorough soak torture mutate fuzz race race-labs vulns engines release-snapshot release-test ## The targets that take long, one after another: hours

release-snapshot: ## Make all that a release has, without publishing it: build/release
	.ci/release/goreleaser release --snapshot --clean
	go run ./.ci/image build/release

release-test: ## Install the packages of `make release-snapshot` in a root of their own, and check a lab in its image
	.ci/release/test

release: ## Publish a release of the tag that is checked out, as the workflow of that name does
	.ci/release/goreleaser release --clean
	go run ./.ci/image -push ghcr.io/$(GITHUB_REPOSITORY) build/release

images: build ## Make the images that hosts are made from
	@$(LABCHECK) images build

lock: ## Write sim/images/packages.lock and digests.lock, after a recipe was changed (needs apt-get)
	go run ./.ci/lock

measure: ## Figures of the code's style
	@go run ./.ci/measure

# All packages import harness and harness/lang: these arrows are left out.
picture: ## Draw the packages and their imports: .github/packages.svg
	@go list -f '{{range .Imports}}{{$$.ImportPath}} {{.}}{{"\n"}}{{end}}' ./cmd/... ./harness/... ./sim/... | \
		awk '$$2 ~ /^labcheck\// && $$2 !~ /harness(\/lang)?$$/ { gsub("labcheck/", ""); printf "\"%s\" -> \"%s\"\n", $$1, $$2 }' >.github/packages.d2
	@$(TOOL) d2 --layout=elk --pad 20 .github/packages.d2 .github/packages.svg

clean: build ## Remove the lab, labcheck's images and what was built
	-@$(LABCHECK) down
	-@$(LABCHECK) images rm
	rm -rf bin build
