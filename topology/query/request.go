package query

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/abacus-stream/abacus/topology/worker"
)

// request is what a question says.
type request struct {
	store     *worker.Store
	partition int32 // -1: not named
	local     bool  // it was forwarded
	key       []byte
	asOf      time.Time // zero: now
	span      worker.Span
}

var errParameter = errors.New("parameter does not parse")

func (s *server) parse(r *http.Request) (request, error) {
	store, err := s.app.Store(r.PathValue("store"))
	if err != nil {
		return request{}, err
	}
	params := r.URL.Query()
	q := request{store: store, partition: -1, local: r.Header.Get(forwarded) != "", key: []byte(params.Get("key"))}
	q.span = worker.Span{Reverse: params.Get("reverse") == "true", From: []byte(params.Get("from")), To: []byte(params.Get("to"))}
	if params.Has("key") {
		q.span.Key = q.key
	}
	if text := params.Get("partition"); text != "" {
		p, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return q, fmt.Errorf("partition: %w", errParameter)
		}
		q.partition = int32(p)
	}
	if text := params.Get("stale"); text != "" {
		most, err := time.ParseDuration(text)
		if err != nil || most <= 0 {
			return q, fmt.Errorf("stale: %w", errParameter)
		}
		q.store = store.Stale(most)
	}
	return q, errors.Join(parseTime(params, "as_of", &q.asOf), parseTime(params, "since", &q.span.Since), parseTime(params, "until", &q.span.Until))
}

// parseTime reads a time in Unix ms or RFC 3339.
func parseTime(params url.Values, name string, at *time.Time) (err error) {
	text := params.Get(name)
	if text == "" {
		return nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		*at = time.UnixMilli(ms)
		return nil
	}
	if *at, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return fmt.Errorf("%s: %w: neither Unix ms nor RFC 3339", name, errParameter)
	}
	return nil
}
