package processors_test

import (
	"fmt"
	"time"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// view is a page that a user has seen.
type view struct {
	Page string `json:"page"`
}

// pageViews counts the views of each page by the minute and says each count once, when it is final: ten seconds after
// the minute, by event time. What comes later than that goes to the late topic.
var pageViews = example{
	build: func(b *topology.Builder) {
		views := topology.From(b, "views", codecs.String, codecs.JSON[view]())
		byPage := processors.GroupBy(views, "by-page", func(_ string, v view) string { return v.Page }, codecs.String)
		minutes := processors.Window(byPage, processors.Tumbling{Size: time.Minute, Grace: 10 * time.Second, Emit: processors.OnClose})
		topology.To(processors.CountWindows(minutes, "views-per-minute"), "page-views")
	},
	happens: `
		00:05 views ann {"page":"/home"}
		00:20 views bob {"page":"/home"}
		00:40 views ann {"page":"/cart"}
		01:02 views cid {"page":"/home"}
		00:59 views bob {"page":"/cart"}
		01:15 views ann {"page":"/cart"}
		00:30 views bob {"page":"/home"}
		02:20 views cid {"page":"/home"}`,
}

func Example_pageViews() {
	fmt.Print(pageViews.run(nil))
	// Output:
	// page-views /cart@[00:00,01:00) 2
	// page-views /home@[00:00,01:00) 2
	// late /home {"page":"/home"} window [00:00,01:00) lateness 45000
	// page-views /cart@[01:00,02:00) 1
	// page-views /home@[01:00,02:00) 1
}
