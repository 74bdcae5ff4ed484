package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/codecs/result"
	"github.com/abacus-stream/abacus/processors/experiment"
)

// replayIdle keeps a task from becoming idle while a file is read: the end-of-input mark closes
// what idleness would.
const replayIdle = time.Hour

// feedReplay makes the plan's experiment, produces its events and shows what came of them.
func feedReplay(cmd *cobra.Command, r *replaying) error {
	if !r.Embedded {
		return feedCluster(cmd, r)
	}
	return feedEmbedded(cmd, r)
}

// feedEmbedded replays with a Kafka, a Redis and the engine of its own; it always waits, as
// everything ends with the process.
func feedEmbedded(cmd *cobra.Command, r *replaying) (err error) {
	ctx, s := cmd.Context(), embeddedSettings(cmd)
	k, err := openStack(ctx, s, replayIdle, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() {
		if stopped := k.close(); err == nil {
			err = stopped
		}
	}()
	progress := newProgress(cmd)
	defer progress.done()
	var definitions []experiment.Definition
	for _, p := range r.Plans {
		definitions = append(definitions, p.Definition)
	}
	if err := k.apply(ctx, definitions...); err != nil {
		return err
	}
	if err := k.replay(ctx, progress.show, r.Plans...); err != nil {
		return err
	}
	progress.done()
	totals, err := finalTotals(ctx, k)
	if err != nil {
		return err
	}
	if err := printTotals(cmd, s.Output, totals); err != nil {
		return err
	}
	progress.show("recomputing everything from the log")
	report, err := k.verify(ctx)
	if err != nil {
		return err
	}
	progress.done()
	line, err := verdict(report)
	fmt.Fprintln(cmd.ErrOrStderr(), line)
	return err
}

// printTotals writes the totals as JSON lines or as a table, segments too.
func printTotals(cmd *cobra.Command, output string, totals []*result.Record) error {
	width, terminal := table.WidthOf(cmd.OutOrStdout(), pipedWidth)
	t := table.Table{Color: terminal && colorful(), Segments: true, Final: true}
	for _, r := range totals {
		if output == jsonOutput {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line); err != nil {
				return fmt.Errorf("write the totals: %w", err)
			}
		}
		t.Update(r)
	}
	if output == jsonOutput {
		return nil
	}
	if terminal {
		fmt.Fprintln(cmd.OutOrStdout()) // below the plan
	}
	return t.Render(cmd.OutOrStdout(), width)
}

// pipedWidth is the width in characters of a table that goes to no terminal: it has room for every column.
const pipedWidth = 1000

// progress is one line on standard error, rewritten in place on a terminal, else every few seconds.
type progress struct {
	file     *os.File
	terminal bool
	shown    time.Time
	open     bool
}

func newProgress(cmd *cobra.Command) *progress {
	p := &progress{shown: time.Now()}
	if file, ok := cmd.ErrOrStderr().(*os.File); ok {
		p.file = file
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) show(text string) {
	every := 3 * time.Second
	if p.terminal {
		every = 100 * time.Millisecond
	}
	now := time.Now()
	if p.file == nil || now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	if p.terminal {
		p.open = true
		fmt.Fprintf(p.file, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(p.file, text)
}

func (p *progress) done() {
	if p.open {
		fmt.Fprint(p.file, "\r\x1b[K")
		p.open = false
	}
}
