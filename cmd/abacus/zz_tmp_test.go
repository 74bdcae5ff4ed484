package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

func TestZZ(t *testing.T) {
	v := newVisits(900)
	path := v.file(t, false)
	for i := range 60 {
		p := planOf(t, path, visitArgs)
		cfg := zap.NewDevelopmentConfig()
		logf := filepath.Join(os.TempDir(), "hand", fmt.Sprintf("zzrun%d.log", i))
		cfg.OutputPaths = []string{logf}
		log, _ := cfg.Build()
		k, err := openStack(t.Context(), &settings{Prefix: "abacus", Workers: 2, CommitEvery: 100e6}, replayIdle, log)
		if err != nil { t.Fatal(err) }
		if err := k.apply(t.Context(), p.Definition); err != nil { t.Fatal(err) }
		if err := k.replay(t.Context(), p, quietly); err != nil { t.Fatal(err) }
		r, err := k.verify(t.Context())
		if err != nil { t.Fatal(err) }
		if len(r.Differences) > 0 {
			fmt.Println("RUN", i, len(r.Differences), logf)
			for _, d := range r.Differences { fmt.Println("  ", shown(d)) }
			for _, topic := range []string{"abacus.dlq","abacus.late"} {
				k.logs.Read(t.Context(), topic, func(rec *kgo.Record) { fmt.Println(topic, string(rec.Key), string(rec.Value), rec.Headers) })
			}
			if os.Getenv("DUMP") != "" {
				for _, topic := range []string{"abacus.events","abacus-units-changelog","abacus-deltas-repartition","abacus-cells-changelog", "abacus.stats"} {
					f, _ := os.Create(filepath.Join(os.TempDir(), "hand", "dump-"+topic))
					k.logs.Read(t.Context(), topic, func(rec *kgo.Record) { fmt.Fprintf(f, "%d/%d %d %q %q %v\n", rec.Partition, rec.Offset, rec.Timestamp.UnixMilli(), rec.Key, rec.Value, rec.Headers) })
					f.Close()
				}
			}
			k.close()
			return
		}
		k.close()
		os.Remove(logf)
	}
}
