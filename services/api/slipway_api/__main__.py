from slipway_api.app import main

main()
