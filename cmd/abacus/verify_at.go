package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/check"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/cmd/abacus/internal/topics"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// past answers what was known at v.cfg.At and compares it with what was published.
func (v *verifying) past(ctx context.Context, w io.Writer, output string) error {
	if err := appendTimes(ctx, v.cfg); err != nil {
		return err
	}
	var known *check.Known
	err := v.run(ctx, func() (*check.Report, error) {
		var err error
		if known, err = check.RunAt(ctx, v.cfg); err != nil {
			return nil, err
		}
		return &known.Report, nil
	})
	if err != nil {
		return err
	}
	if err := tellKnown(w, output, known, time.UnixMilli(v.cfg.At).UTC()); err != nil {
		return err
	}
	if len(known.Forgotten) > 0 {
		return unreachable(fmt.Errorf("the registry no longer tells the run that these experiments were in: %s", strings.Join(known.Forgotten, ", ")))
	}
	return nil
}

// appendTimes refuses topics that do not tell when their records came.
func appendTimes(ctx context.Context, cfg check.Config) error {
	read := slices.DeleteFunc(topics.Table(cfg.Prefix, 0), func(t topics.Topic) bool {
		return t.Name != topics.Events(cfg.Prefix) && t.Name != topics.Stats(cfg.Prefix) && t.Name != topics.Decisions(cfg.Prefix)
	})
	all, err := topics.Check(ctx, cfg.Logs.Admin(), read)
	if err != nil {
		return unreachable(err)
	}
	return topics.Refuse(all)
}

// tellKnown prints the totals and the verdict; differences are an error.
func tellKnown(w io.Writer, output string, k *check.Known, at time.Time) error {
	_, differ := verdict(&k.Report)
	when := at.Format("2006-01-02T15:04:05.000Z07:00")
	if output == jsonOutput {
		fields := reportFields(&k.Report)
		fields["at"], fields["in_flight"], fields["no_longer_retained"] = when, k.InFlight, k.Gone
		fields["decisions"] = append([]*decision.Record{}, k.Decisions...)
		out := json.NewEncoder(w)
		for _, total := range k.Totals {
			if err := out.Encode(total); err != nil {
				return err
			}
		}
		return errors.Join(out.Encode(fields), differ)
	}
	var t table.Table
	for _, total := range k.Totals {
		t.Update(total)
	}
	for _, d := range k.Decisions {
		t.Decide(d)
	}
	if len(k.Totals) == 0 {
		fmt.Fprintf(w, "nothing was counted by %s\n", when)
	} else if err := t.Render(w, pipedWidth); err != nil {
		return err
	}
	tellDifferences(w, &k.Report)
	fmt.Fprintf(w, "verified at %s: %d records, %d compared, %d in flight, %d no longer retained, %s\n",
		when, k.Records, k.Compared, k.InFlight, k.Gone, table.Count(int64(len(k.Differences)), "difference"))
	return differ
}

// Times that flags take: none before any event is accepted, none that is more than a clock's error ahead.
const (
	earliestAt = 946684800000 // 2000-01-01T00:00:00Z
	clockError = time.Minute
)

// parseTime reads the RFC 3339, Unix ms, or how long before now, of a flag, to Unix ms; 0 for an empty text.
func parseTime(flag, text string, now time.Time) (int64, error) {
	if text == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		if at, err = parseMoment(flag, text, now); err != nil {
			return 0, err
		}
	}
	switch {
	case at < earliestAt:
		return 0, usageError("%s %s: is before the year 2000; a number is in Unix ms", flag, text)
	case at > now.Add(clockError).UnixMilli():
		return 0, usageError("%s %s: is in the future", flag, text)
	}
	return at, nil
}

func parseMoment(flag, text string, now time.Time) (int64, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UnixMilli(), nil
	}
	ago, err := experiment.ParseDuration(text)
	if err != nil || ago == experiment.Unlimited {
		return 0, usageError("%s %q: want a time such as 2026-11-20T10:00:00Z, Unix ms, or how long ago, such as 10m", flag, text)
	}
	return now.UnixMilli() - int64(ago), nil
}
