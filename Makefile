# make test starts a Kafka and a Redis of its own: it needs Java 17 and Maven, and a redis-server or apt-get as root.
GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Virtual hours of the simulations of topology/sim.
HOURS ?= 1

.PHONY: build test sim mutants lint race bench bench-micro bench-failover calibration fuzz demo up

build:
	$(GO) build -trimpath -o abacus ./cmd/abacus

# The last lines say which services were started or installed, which tests skipped for want of one (with CI=true those
# fail), and the seed, faults and anomalies of each simulation. ABACUS_TEST_KAFKA and ABACUS_TEST_REDIS name services that run already.
test:
	@said=$$(mktemp); ABACUS_TEST_SAID=$$said $(GO) test -timeout 20m ./...; code=$$?; cat $$said; rm -f $$said; exit $$code

# Runs topologies in virtual time under faults, a quarter of an hour at most for each seed; some 20 s an hour. ARGS="-seed n" gives
# the same seeds again, ARGS="-seed n -hours 0.2" the first of them.
sim:
	@said=$$(mktemp); $(GO) test -tags sim -count 1 -timeout 12h -v -run TestHours ./topology/sim -hours $(HOURS) -said $$said $(ARGS); code=$$?; cat $$said; rm -f $$said; exit $$code

# Seeds bugs, one at a time, and prints which check catches each; about forty minutes.
mutants:
	cd integration/mutants && $(GO) test -tags mutants -count 1 -timeout 3h -run TestEverySeededBugIsCaught

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || (gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1)
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

race:
	$(GO) test -race -timeout 25m ./topology/... ./state/... ./processors/... ./cmd/...

bench-micro:
	$(GO) test -run '^$$' -bench . -benchmem ./codecs/event ./state ./processors/experiment/...

# Against rivals on a real Kafka, Kafka Streams among them, some 25 minutes; ARGS=-quick for a look, ARGS=-only=windows for
# Kafka Streams and what it is compared with. Writes integration/bench/RESULTS.md.
bench:
	cd integration/bench && $(GO) test -count 1 -timeout 3h -v -run TestRivals . $(ARGS)

# On a real Kafka: kill -9 of one of two instances, without standbys and with them; two minutes.
bench-failover:
	$(GO) test -run '^$$' -bench Failover -benchtime 1x -count 1 -timeout 20m ./integration/broker $(ARGS)

# False positives, coverage and power of the statistics, by simulation with fixed seeds; about a quarter of an hour.
calibration:
	$(GO) test -count 1 -timeout 2h -v ./integration/calibration -full $(ARGS)

fuzz:
	$(GO) test -run '^$$' -fuzz FuzzScan -fuzztime 60s ./codecs/event

up:
	docker compose up --build

demo:
	$(GO) run ./cmd/abacus demo
