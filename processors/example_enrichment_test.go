package processors_test

import (
	"fmt"

	"github.com/abacus-stream/abacus/codecs"
	"github.com/abacus-stream/abacus/processors"
	"github.com/abacus-stream/abacus/topology"
)

// purchase is an order as the shop sends it, buyer who made it, and sale both together with the product.
type (
	purchase struct {
		Customer string `json:"customer"`
		Product  string `json:"product"`
		Pieces   int    `json:"pieces"`
	}
	buyer struct {
		Country string `json:"country"`
	}
	product struct {
		Name  string `json:"name"`
		Cents int    `json:"cents"`
	}
	sale struct {
		Country string `json:"country"`
		Product string `json:"product"`
		Cents   int    `json:"cents"`
	}
)

// enrichment gives purchases the country of their customer, from a table that is partitioned as they are, and the price
// of their product, from a global table that each task has whole. A purchase of nobody known is no sale.
var enrichment = example{
	build: func(b *topology.Builder) {
		purchases := topology.From(b, "purchases", codecs.String, codecs.JSON[purchase]())
		customers := topology.FromTable(b, "customers", "customer", codecs.String, codecs.JSON[buyer]())
		products := processors.GlobalTable(b, "products", codecs.String, codecs.JSON[product]())

		byCustomer := processors.GroupBy(purchases, "by-customer", func(_ string, p purchase) string { return p.Customer }, codecs.String)
		type bought struct {
			purchase
			buyer
		}
		placed := processors.JoinTable(byCustomer, customers, "placed", func(_ string, p purchase, c buyer) bought { return bought{p, c} })
		sales := processors.LeftJoinGlobal(placed, products, "sales", func(_ string, s bought) string { return s.Product }, func(_ string, s bought, row *product) sale {
			if row == nil {
				return sale{Country: s.Country, Product: s.Product}
			}
			return sale{Country: s.Country, Product: row.Name, Cents: s.Pieces * row.Cents}
		})
		topology.To(topology.WithCodecs(sales, codecs.String, codecs.JSON[sale]()), "sales")
	},
	happens: `
		00:00 products p7 {"name":"pear","cents":30}
		00:01 customers ann {"country":"DE"}
		00:02 purchases o1 {"customer":"ann","product":"p7","pieces":2}
		00:03 purchases o2 {"customer":"bob","product":"p7","pieces":1}
		00:04 customers ann {"country":"FR"}
		00:05 purchases o3 {"customer":"ann","product":"p8","pieces":1}`,
}

func Example_enrichment() {
	fmt.Print(enrichment.run(nil))
	// Output:
	// sales ann {"country":"DE","product":"pear","cents":60}
	// sales ann {"country":"FR","product":"p8","cents":0}
}
