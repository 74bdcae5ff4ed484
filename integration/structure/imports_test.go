package structure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/abacus-stream/abacus/"
)

// source is one Go file that is not a test.
type source struct {
	path, pkg string // both relative to the root
	imports   []string
}

// sources parses the imports of all Go files of the module but tests.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		s := source{path: rel, pkg: filepath.ToSlash(filepath.Dir(rel))}
		for _, spec := range file.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			s.imports = append(s.imports, p)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rule forbids an import to all packages under a folder but those excepted.
type rule struct {
	in, imports string
	except      []string
	because     string
}

var rules = []rule{
	{"codecs", module, []string{"codecs"}, "codecs know no other room: anyone may use them"},
	{"state", module, []string{"codecs", "state"}, "state knows bytes and codecs; a topology is above it"},
	{"topology", module + "processors", nil, "the engine does not know what is computed"},
	{"topology", module + "cmd", nil, "a library does not know its command line"},
	{"processors", module + "topology/task", nil, "what is computed does not know how it is run: use topology.Context"},
	{"processors", module + "topology/worker", nil, "what is computed does not know how it is run: use topology.Context"},
	{"topology/task", module, []string{"codecs", "state", "topology"}, "a task is a pure step function over state and the graph"},
	{"", "github.com/twmb/franz-go", []string{"topology/worker", "topology/sim", "cmd", "integration", "codecs"}, "only the worker speaks to Kafka"},
	{"codecs", "github.com/twmb/franz-go/pkg/kgo", nil, "of franz-go codecs know the frame of a schema registry, pkg/sr, alone"},
	{"codecs", "github.com/twmb/franz-go/pkg/kadm", nil, "of franz-go codecs know the frame of a schema registry, pkg/sr, alone"},
	{"codecs", "github.com/twmb/franz-go/pkg/kmsg", nil, "of franz-go codecs know the frame of a schema registry, pkg/sr, alone"},
	{"", "github.com/cockroachdb/pebble", []string{"state/pebble"}, "the engine below state.Store may be changed in one place"},
	{"", "github.com/lovoo/goka", []string{"processors/registry", "integration/bench"}, "goka is for the small, keyed, non-transactional registry alone; as a rival it is measured in a module of its own"},
	{"", "github.com/IBM/sarama", []string{"processors/registry", "integration/bench"}, "sarama comes with goka and stays with it"},
	{"", "github.com/redis/go-redis", []string{"processors/mirror", "cmd", "integration"}, "Redis is a mirror, never a source of truth"},
	{"", "github.com/vmihailenco/msgpack", []string{"codecs", "processors/experiment/verify"}, "a format lives behind its codec; the judge alone reads events by the library, as it reads JSON by encoding/json"},
	{"", "google.golang.org/protobuf", []string{"codecs"}, "a format lives behind its codec"},
	{"", "github.com/prometheus", []string{"cmd"}, "the engine has hooks; who listens to them is the command line's business"},
	{"processors/experiment/verify", module + "processors/experiment/units", nil, "the judge shares no code with what it judges"},
	{"processors/experiment/verify", module + "codecs/event", nil, "the judge reads events by encoding/json, not by the scanner"},
}

func under(pkg, folder string) bool {
	return folder == "" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// allowed says whether an import of our own lies in one of the folders excepted.
func (r rule) allowed(s source, imp string) bool {
	if !under(s.pkg, r.in) || !strings.HasPrefix(imp+"/", strings.TrimSuffix(r.imports, "/")+"/") {
		return true
	}
	for _, e := range r.except {
		if r.imports == module && under(strings.TrimPrefix(imp, module), e) || r.imports != module && under(s.pkg, e) {
			return true
		}
	}
	return false
}

func TestImportsFollowTheRules(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports {
			for _, r := range rules {
				if !r.allowed(s, imp) {
					t.Errorf("%s imports %s: %s", s.path, imp, r.because)
				}
			}
		}
	}
}

// Time, randomness and I/O are arguments in the deterministic rooms.
func TestDeterministicRoomsHaveNoClockNoDiceNoIO(t *testing.T) {
	forbidden := map[string]bool{"math/rand": true, "math/rand/v2": true, "net": true, "os": true, "net/http": true, "crypto/rand": true}
	rooms := []string{"codecs", "processors", "topology/task"}
	outside := []string{"processors/registry", "processors/mirror"} // at the border: goka and Redis
	for _, s := range sources(t) {
		if !anyUnder(s.pkg, rooms) && s.pkg != "topology" || anyUnder(s.pkg, outside) {
			continue
		}
		for _, imp := range s.imports {
			if forbidden[imp] {
				t.Errorf("%s imports %s: time, randomness and I/O are arguments here", s.path, imp)
			}
		}
	}
}

func anyUnder(pkg string, folders []string) bool {
	for _, f := range folders {
		if under(pkg, f) {
			return true
		}
	}
	return false
}

func TestTopLevelFoldersAreTheAgreedOnes(t *testing.T) {
	agreed := map[string]bool{"topology": true, "processors": true, "state": true, "codecs": true, "cmd": true, "deployments": true, "integration": true}
	for _, s := range sources(t) {
		first, _, _ := strings.Cut(s.pkg, "/")
		if !agreed[first] {
			t.Errorf("%s: no top-level folder but %v", s.path, agreed)
		}
	}
}

// Clocks are read and goroutines started by the worker alone.
func TestDeterministicRoomsReadNoClockAndStartNoGoroutine(t *testing.T) {
	rooms := []string{"codecs", "processors", "topology/task"}
	outside := []string{"processors/registry", "processors/mirror"}
	for pkg, files := range packages(t) {
		if !anyUnder(pkg, rooms) && pkg != "topology" || anyUnder(pkg, outside) {
			continue
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s starts a goroutine: the worker does that", pkg)
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && (n.Sel.Name == "Now" || n.Sel.Name == "Since" || n.Sel.Name == "Sleep") {
						t.Errorf("%s calls time.%s: time is an argument", pkg, n.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
