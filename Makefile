# Copy these two lines into any project: make collect TEST_COMMAND="pytest tests/"
collect:
	@python -m trim_telemetry collect -- '$(subst ','\'',$(TEST_COMMAND))'
