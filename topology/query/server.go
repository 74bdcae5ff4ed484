package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/abacus-stream/abacus/state"
	"github.com/abacus-stream/abacus/topology/worker"
)

// Config says how a server answers. Zero fields mean the defaults.
type Config struct {
	Timeout time.Duration // of one request, waiting and forwarding included; default 5 s
	Client  *http.Client  // for other instances; default: one without a timeout of its own
}

const (
	forwarded = "Abacus-Forwarded" // a request that has come by another instance, and goes no further
	missing   = "Abacus-Missing"   // what a 404 is about
	since     = "Abacus-Since"     // when a version began to hold, Unix ms
	until     = "Abacus-Until"     // and when another followed it
	patience  = 20 * time.Millisecond
)

// Serve gives what answers the requests that the package doc lists, for an app that advertises an address
// where it is mounted at the root. It may be mounted before the app runs.
func Serve(app *worker.App, cfg Config) http.Handler {
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{}
	}
	s := &server{app: app, cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stores/{store}/row", s.row)
	mux.HandleFunc("GET /stores/{store}/rows", s.rows)
	return mux
}

// server answers for one app.
type server struct {
	app *worker.App
	cfg Config
}

// row answers with one value.
func (s *server) row(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	q, err := s.parse(r)
	if err != nil {
		fail(w, err, q.local)
		return
	}
	if q.partition < 0 {
		if q.partition, err = q.store.PartitionOf(q.key); err != nil {
			fail(w, err, q.local)
			return
		}
	}
	value, ok, err := q.get(ctx, w.Header())
	for !q.local && again(err) {
		failed := s.forward(ctx, w, r, q)
		if failed == nil {
			return
		}
		if err = failed; !again(err) || pause(ctx) != nil {
			break
		}
		value, ok, err = q.get(ctx, w.Header())
	}
	switch {
	case err != nil:
		fail(w, err, q.local)
	case !ok:
		w.Header().Set(missing, "key")
		http.Error(w, "no such key", http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(value)
	}
}

// get reads one value, and tells how long a version held.
func (q request) get(ctx context.Context, head http.Header) (value []byte, ok bool, err error) {
	if q.asOf.IsZero() {
		return q.store.GetIn(ctx, q.partition, q.key)
	}
	version, ok, err := q.store.GetAsOfIn(ctx, q.partition, q.key, q.asOf)
	if !ok {
		return nil, false, err
	}
	head.Set(since, strconv.FormatInt(version.Since, 10))
	if version.Until != state.Forever {
		head.Set(until, strconv.FormatInt(version.Until, 10))
	}
	return version.Value, true, nil
}

// again says whether a read may succeed here or elsewhere in a while.
func again(err error) bool {
	return errors.Is(err, worker.ErrNotHeld) || errors.Is(err, worker.ErrRestoring)
}

// forward passes the owner's answer on, if another instance is the owner and answers.
func (s *server) forward(ctx context.Context, w http.ResponseWriter, r *http.Request, q request) error {
	resp, err := s.ask(ctx, r, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	for _, name := range []string{missing, since, until} {
		if of := resp.Header.Get(name); of != "" {
			w.Header().Set(name, of)
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
	return nil
}

// ask sends a request to the owner of its partition. An answer that says to try again is an error of that kind.
func (s *server) ask(ctx context.Context, r *http.Request, q request) (*http.Response, error) {
	owner, err := s.owner(ctx, q)
	if err != nil {
		return nil, err
	}
	url := *r.URL
	params := url.Query()
	params.Set("partition", strconv.Itoa(int(q.partition)))
	url.Scheme, url.Host, url.RawQuery = "http", owner.Address, params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set(forwarded, "1")
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("instance %s at %s: %w: %w", owner.Instance, owner.Address, worker.ErrNotHeld, err)
	}
	if resp.StatusCode == http.StatusMisdirectedRequest || resp.StatusCode == http.StatusServiceUnavailable {
		resp.Body.Close()
		return nil, fmt.Errorf("instance %s at %s answers %s: %w", owner.Instance, owner.Address, resp.Status, worker.ErrRestoring)
	}
	return resp, nil
}

// owner is another instance that can be asked.
func (s *server) owner(ctx context.Context, q request) (worker.Owner, error) {
	owners, err := q.store.Owners(ctx)
	if err != nil {
		return worker.Owner{}, err
	}
	if int(q.partition) >= len(owners) {
		return worker.Owner{}, fmt.Errorf("partition %d of %d: %w", q.partition, len(owners), errParameter)
	}
	owner := owners[q.partition]
	switch {
	case owner.Instance == "":
		return owner, fmt.Errorf("partition %d is nobody's now: %w", q.partition, worker.ErrNotHeld)
	case owner.Here:
		return owner, fmt.Errorf("partition %d: %w", q.partition, worker.ErrRestoring)
	case owner.Address == "":
		return owner, fmt.Errorf("partition %d: instance %s: %w", q.partition, owner.Instance, errNoAddress)
	}
	return owner, nil
}

var errNoAddress = errors.New("advertises no address: set worker.Config.Advertise")

// pause is the wait before another try.
func pause(ctx context.Context) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail says what is wrong by the status that the package doc lists.
func fail(w http.ResponseWriter, err error, local bool) {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, worker.ErrUnknownStore):
		w.Header().Set(missing, "store")
		status = http.StatusNotFound
	case errors.Is(err, errParameter), errors.Is(err, state.ErrKey), errors.Is(err, worker.ErrNotVersioned):
		status = http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	case local && errors.Is(err, worker.ErrNotHeld):
		status = http.StatusMisdirectedRequest
	case again(err), errors.Is(err, worker.ErrNotRunning), errors.Is(err, errNoAddress):
		w.Header().Set("Retry-After", "1")
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}
