from slipway_executor.app import main

main()
