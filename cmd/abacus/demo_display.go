package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/abacus-stream/abacus/cmd/abacus/internal/table"
	"github.com/abacus-stream/abacus/codecs/decision"
	"github.com/abacus-stream/abacus/codecs/result"
)

// How often the table is drawn in place on a terminal, and written to a pipe.
const (
	drawEvery  = 100 * time.Millisecond
	writeEvery = 2 * time.Second
)

// display is what a run shows: a table in place on a terminal, a table now and then in a pipe, or lines of JSON.
// Results may arrive on another goroutine.
type display struct {
	out, err io.Writer
	json     bool
	screen   *table.Screen // nil: no terminal

	mu struct {
		sync.Mutex
		table table.Table
		note  string // what is going on, below the table
		drawn time.Time
		dirty bool
	}
}

// newDisplay writes results to out and what is going on to err, or both to the terminal that out is.
func newDisplay(out, err io.Writer, asJSON bool) *display {
	d := &display{out: out, err: err, json: asJSON}
	d.mu.drawn = time.Now()
	if file, ok := out.(*os.File); ok && !asJSON {
		d.screen, _ = table.NewScreen(file)
	}
	d.mu.table.Color = d.screen != nil && colorful()
	return d
}

// colorful says whether a terminal is to have colours: not if its user says so, as on no-color.org.
func colorful() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// update takes a new total.
func (d *display) update(r *result.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.table.Update(r)
	d.mu.dirty = true
	if d.json {
		_ = d.line(r) // finish tells of an output that takes nothing
	}
}

// decide takes a decision; with -o json they are left to their topic.
func (d *display) decide(r *decision.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.table.Decide(r)
	d.mu.dirty = true
}

func (d *display) line(r *result.Record) error {
	text, err := json.Marshal(r)
	if err == nil {
		_, err = fmt.Fprintf(d.out, "%s\n", text)
	}
	if err != nil {
		return fmt.Errorf("write a total: %w", err)
	}
	return nil
}

// step tells of a new part of the run: below the table, or on the error output.
func (d *display) step(text string) {
	if d.screen == nil {
		fmt.Fprintln(d.err, text)
		return
	}
	d.note(text)
}

// note tells how a part goes, on a terminal only.
func (d *display) note(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mu.dirty = d.mu.dirty || text != d.mu.note
	d.mu.note = text
	if d.screen != nil {
		d.draw(time.Now())
	}
}

// tick draws what is new, if it is time to.
func (d *display) tick(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.draw(now)
}

func (d *display) draw(now time.Time) {
	every := writeEvery
	if d.screen != nil {
		every = drawEvery
	}
	if d.json || !d.mu.dirty || now.Sub(d.mu.drawn) < every {
		return
	}
	d.mu.drawn, d.mu.dirty = now, false
	if d.screen != nil {
		_ = d.screen.Draw(&d.mu.table, d.mu.note)
		return
	}
	_ = d.mu.table.Render(d.out, pipedWidth)
	fmt.Fprintln(d.out)
}

// finish shows the last totals and below them the verdict.
func (d *display) finish(finals []*result.Record, verdict string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range finals {
		d.mu.table.Update(r)
		if !d.json {
			continue
		}
		if err := d.line(r); err != nil {
			return err
		}
	}
	switch {
	case d.json:
		fmt.Fprintln(d.err, verdict)
		return nil
	case d.screen != nil:
		return d.screen.Finish(&d.mu.table, verdict)
	}
	if err := d.mu.table.Render(d.out, pipedWidth); err != nil {
		return err
	}
	_, err := fmt.Fprintln(d.out, verdict)
	return err
}

// close gives the terminal back; what was drawn last stays.
func (d *display) close() {
	if d.screen != nil {
		_ = d.screen.Close()
	}
}
