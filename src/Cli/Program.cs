return LoraDrop.Cli.CommandLine.Run(args);
