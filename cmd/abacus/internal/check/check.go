// Package check brings the log to verify: it reads the input topic, the registry,
// the schedule of adoptions, the statistics and the Redis hashes, and lets
// verify recompute and compare. It judges nothing itself.
package check

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/processors/experiment"
	"github.com/abacus-stream/abacus/processors/experiment/units"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// Config says what to compare.
type Config struct {
	Prefix string
	Logs   *logs.Reader
	Redis  *redis.Client // nil: the hashes are left out
}

// Report is what came of it.
type Report struct {
	Records     int // of the input topic
	Compared    int // stats records and hashes
	Hashes      int // of them
	Differences []verify.Difference
}

// Run reads, recomputes and compares.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	v, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	last, err := cfg.Logs.Last(ctx, cfg.Prefix+".stats")
	if err != nil {
		return nil, err
	}
	values := map[string][]byte{}
	for key, rec := range last {
		values[key] = rec.Value
	}
	report := &Report{Records: v.Records(), Compared: len(values), Differences: v.CompareStats(values)}
	if cfg.Redis == nil {
		return report, nil
	}
	hashes, err := readHashes(ctx, cfg.Redis)
	if err != nil {
		return nil, err
	}
	report.Hashes = len(hashes)
	report.Compared += report.Hashes
	report.Differences = append(report.Differences, v.CompareHashes(hashes)...)
	return report, nil
}

// load gives verify its input.
func load(ctx context.Context, cfg Config) (*verify.Verifier, error) {
	events := cfg.Prefix + ".events"
	in := verify.Input{Prefix: cfg.Prefix, Events: events}
	details, err := cfg.Logs.Admin().ListTopics(ctx, events)
	if err != nil {
		return nil, err
	}
	in.Partitions = len(details[events].Partitions)
	if in.Entries, err = entries(ctx, cfg); err != nil {
		return nil, err
	}
	if err := readSchedule(ctx, cfg, &in); err != nil {
		return nil, err
	}
	v, err := verify.New(in)
	if err != nil {
		return nil, err
	}
	return v, cfg.Logs.Read(ctx, events, func(rec *kgo.Record) {
		v.Event(verify.Record{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Appended: rec.Timestamp.UnixMilli(), Key: rec.Key, Value: rec.Value})
	})
}

func entries(ctx context.Context, cfg Config) ([]experiment.Entry, error) {
	last, err := cfg.Logs.Last(ctx, units.RegistryTable(cfg.Prefix))
	if err != nil {
		return nil, err
	}
	var all []experiment.Entry
	for key, rec := range last {
		var e experiment.Entry
		if err := json.Unmarshal(rec.Value, &e); err != nil {
			return nil, fmt.Errorf("registry row %q: %w", key, err)
		}
		if e.Latest() != nil { // one that was only ever refused has no version
			all = append(all, e)
		}
	}
	return all, nil
}

// readHashes gives every hash of ours in Redis.
func readHashes(ctx context.Context, client *redis.Client) (map[string]map[string]string, error) {
	hashes := map[string]map[string]string{}
	for _, pattern := range []string{"ab:stats:*", "ab:window:*"} {
		for it := client.Scan(ctx, 0, pattern, 1000).Iterator(); it.Next(ctx); {
			fields, err := client.HGetAll(ctx, it.Val()).Result()
			if err != nil {
				return nil, fmt.Errorf("redis: %s: %w", it.Val(), err)
			}
			hashes[it.Val()] = fields
		}
	}
	return hashes, client.Ping(ctx).Err()
}
