package codecs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
)

// registry is a schema registry of one process: ids from 1, versions by subject. It keeps what it was asked.
type registry struct {
	*sr.Client
	mu       sync.Mutex
	schemas  []sr.Schema // by id - 1
	subjects map[string][]int
	asked    []string
	status   int // of every answer, if not 0
}

func newRegistry(t *testing.T) *registry {
	r := &registry{subjects: map[string][]int{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	client, err := sr.NewClient(sr.URLs(server.URL))
	require.NoError(t, err)
	r.Client = client
	return r
}

// add registers a schema and returns its id.
func (r *registry) add(subject string, s sr.Schema) int {
	id := 1 + slices.IndexFunc(r.schemas, func(o sr.Schema) bool { return o.Schema == s.Schema && o.Type == s.Type })
	if id == 0 {
		r.schemas = append(r.schemas, s)
		id = len(r.schemas)
	}
	if !slices.Contains(r.subjects[subject], id) {
		r.subjects[subject] = append(r.subjects[subject], id)
	}
	return id
}

// requests is what was asked since the last time.
func (r *registry) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

func (r *registry) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, req.Method+" "+req.URL.Path)
	if r.status != 0 {
		w.WriteHeader(r.status)
		return
	}
	var body sr.Schema
	_ = json.NewDecoder(req.Body).Decode(&body)
	var id int
	var subject string
	switch path := req.URL.Path; {
	case strings.HasPrefix(path, "/schemas/ids/"):
		if _, err := fmt.Sscanf(path, "/schemas/ids/%d", &id); err == nil && id > 0 && id <= len(r.schemas) {
			reply(w, r.schemas[id-1])
			return
		}
		missing(w, 40403, "Schema not found")
	case strings.HasSuffix(path, "/versions/latest"):
		subject = strings.Split(path, "/")[2]
		if ids := r.subjects[subject]; len(ids) > 0 {
			r.found(w, subject, ids[len(ids)-1])
			return
		}
		missing(w, 40401, "Subject not found")
	case strings.HasSuffix(path, "/versions"):
		reply(w, map[string]int{"id": r.add(strings.Split(path, "/")[2], body)})
	default:
		subject = strings.Split(path, "/")[2]
		for _, id := range r.subjects[subject] {
			if s := r.schemas[id-1]; s.Schema == body.Schema && s.Type == body.Type {
				r.found(w, subject, id)
				return
			}
		}
		missing(w, 40403, "Schema not found")
	}
}

func (r *registry) found(w http.ResponseWriter, subject string, id int) {
	reply(w, sr.SubjectSchema{Subject: subject, Version: 1, ID: id, Schema: r.schemas[id-1]})
}

func reply(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func missing(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(http.StatusNotFound)
	reply(w, map[string]any{"error_code": code, "message": message})
}
