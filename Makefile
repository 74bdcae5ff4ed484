# make test needs nothing but Go: Kafka and Redis run inside the tests.
GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test test-broker lint race bench bench-kafka calibration fuzz demo up

build:
	$(GO) build -trimpath -o abacus ./cmd/abacus

test:
	$(GO) test -timeout 20m ./...

# Against an Apache Kafka 4.3.1 that it starts from its Maven jars (needs java and mvn), with kill -9.
test-broker:
	$(GO) test -tags broker -count 1 -timeout 20m ./integration/services/... ./integration/broker/...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || (gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1)
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

race:
	$(GO) test -race -timeout 25m ./topology/... ./state/... ./processors/... ./cmd/...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./codecs/event ./state ./processors/experiment/...

# Against rivals on a real Kafka, about a quarter of an hour; ARGS=-quick for a look. Writes integration/bench/RESULTS.md.
bench-kafka:
	cd integration/bench && $(GO) test -count 1 -timeout 3h -v -run TestRivals . $(ARGS)

# False positives, coverage and power of the statistics, by simulation with fixed seeds; about a quarter of an hour.
calibration:
	$(GO) test -count 1 -timeout 2h -v ./integration/calibration -full $(ARGS)

fuzz:
	$(GO) test -run '^$$' -fuzz FuzzScan -fuzztime 60s ./codecs/event

up:
	docker compose up --build

demo:
	$(GO) run ./cmd/abacus demo
