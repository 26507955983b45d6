module slipway.dev/tests/application

go 1.26
