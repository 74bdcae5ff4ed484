// Package check brings the log to verify: it reads the input topic, the registry,
// the schedule of adoptions, the statistics and the Redis hashes, and lets
// verify recompute and compare. It judges nothing itself.
package check

import (
	"bytes"
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/logs"
	"github.com/abacus-stream/abacus/processors/experiment/verify"
)

// Config says what to compare.
type Config struct {
	Prefix  string
	Logs    *logs.Reader
	Redis   *redis.Client // nil: the hashes are left out
	OnClose bool          // windows have no record before they are closed
	At      int64         // Unix ms: what was known then, without the hashes; 0: what is known now
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
	decided, err := readDecisions(ctx, cfg)
	if err != nil {
		return nil, err
	}
	report.Compared += len(decided)
	report.Differences = append(report.Differences, v.CompareDecisions(decided, values)...)
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

// loaded is a verifier that has the log as it was at a time.
type loaded struct {
	*verify.Verifier
	forgotten []string // experiments whose run of that time the registry no longer tells
	retracted int64    // when the last retraction was appended, Unix ms
}

// load gives verify its input: the log as it was at cfg.At.
func load(ctx context.Context, cfg Config) (*loaded, error) {
	in := verify.Input{Prefix: cfg.Prefix, Events: cfg.Prefix + ".events", OnClose: cfg.OnClose}
	c := &cut{at: cfg.At}
	if err := c.find(ctx, cfg.Logs, in.Events); err != nil {
		return nil, err
	}
	in.Partitions = len(c.ends[in.Events])
	s, err := readSchedule(ctx, cfg, c)
	if err != nil {
		return nil, err
	}
	if in.Entries, err = readRegistry(ctx, cfg, c); err != nil {
		return nil, err
	}
	l := &loaded{}
	if in.Adoptions, in.Quiets = s.followed(); cfg.At > 0 {
		in.Entries, l.forgotten = s.known(in.Entries)
	}
	if l.Verifier, err = verify.New(in); err != nil {
		return nil, err
	}
	return l, cfg.Logs.ReadTo(ctx, in.Events, c.ends, l.take)
}

// take hands an event over.
func (l *loaded) take(rec *kgo.Record) {
	at := rec.Timestamp.UnixMilli()
	l.Event(verify.Record{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Appended: at, Key: rec.Key, Value: rec.Value})
	if bytes.Contains(rec.Value, []byte(`"retract"`)) {
		l.retracted = max(l.retracted, at)
	}
}

// readDecisions gives the records of the decisions topic in their order.
func readDecisions(ctx context.Context, cfg Config) (all [][]byte, err error) {
	err = cfg.Logs.Read(ctx, cfg.Prefix+".decisions", func(rec *kgo.Record) {
		if rec.Value != nil {
			all = append(all, rec.Value)
		}
	})
	return all, err
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
