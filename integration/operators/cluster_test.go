package operators

import (
	"os"
	"testing"

	"github.com/abacus-stream/abacus/integration/services"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		child()
		return
	}
	services.Main(m)
}
