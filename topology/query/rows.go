package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// line is one line of the answer to rows.
type line struct {
	Partition int32  `json:"partition"`
	Key       []byte `json:"key"`
	Value     []byte `json:"value"`
	Record    []byte `json:"record,omitempty"` // this and the next two of windows
	Start     int64  `json:"start,omitempty"`
	End       int64  `json:"end,omitempty"`
}

// lastLine is what stands for the rows that are missing.
type lastLine struct {
	Error string `json:"error"`
}

// rows answers with the rows of all partitions, or of the one named, those of other instances included.
func (s *server) rows(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	q, err := s.parse(r)
	if err != nil {
		fail(w, err, q.local)
		return
	}
	partitions, err := q.partitions()
	if err != nil {
		fail(w, err, q.local)
		return
	}
	out := &lines{w: w, local: q.local}
	for _, q.partition = range partitions {
		if err := s.partition(ctx, out, r, q); err != nil {
			out.fail(err)
			return
		}
	}
	out.begin()
}

// partitions are those that have rows of the span.
func (q request) partitions() (all []int32, err error) {
	switch {
	case q.partition >= 0:
		return []int32{q.partition}, nil
	case q.span.Key != nil:
		p, err := q.store.PartitionOfRecord(q.span.Key)
		return []int32{p}, err
	}
	n, err := q.store.Partitions()
	for p := range n {
		all = append(all, int32(p))
	}
	return all, err
}

// lines writes an answer whose status is open until its first line.
type lines struct {
	w     http.ResponseWriter
	local bool // for another instance
	begun bool
}

func (l *lines) begin() {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "application/x-ndjson")
	}
}

func (l *lines) write(v any) error {
	l.begin()
	return json.NewEncoder(l.w).Encode(v)
}

// pass writes the lines of another instance's answer.
func (l *lines) pass(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", resp.Request.URL.Host, resp.Status)
	}
	for in := json.NewDecoder(resp.Body); ; {
		var next struct {
			line
			lastLine
		}
		err := in.Decode(&next)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil && next.Error != "":
			err = errors.New(next.Error)
		case err == nil:
			err = l.write(next.line)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", resp.Request.URL.Host, err)
		}
	}
}

func (l *lines) fail(err error) {
	if l.begun {
		_ = l.write(lastLine{err.Error()})
		return
	}
	fail(l.w, err, l.local)
}

// partition writes the rows of one partition, from here or from its owner. Once a line is out, an error ends it.
func (s *server) partition(ctx context.Context, out *lines, r *http.Request, q request) error {
	for {
		wrote, err := s.here(ctx, out, q)
		if err == nil || wrote || q.local || !again(err) || ctx.Err() != nil {
			return err
		}
		resp, err := s.ask(ctx, r, q)
		if err == nil {
			return out.pass(resp)
		}
		if !again(err) {
			return err
		}
		if pause(ctx) != nil {
			return err
		}
	}
}

func (s *server) here(ctx context.Context, out *lines, q request) (wrote bool, err error) {
	q.span.Partitions = []int32{q.partition}
	for row, err := range q.store.Range(ctx, q.span) {
		if err != nil {
			return wrote, err
		}
		wrote = true
		if err := out.write(line(row)); err != nil {
			return wrote, err
		}
	}
	return wrote, nil
}
