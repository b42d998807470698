using LoraDrop.Hosting;
using LoraDrop.Worker;

return args is [ChildProgram.Verb, var folder]
    ? ChildProgram.Run(folder)
    : await HostProgram.MainAsync(args, "LoraDrop.Worker", WorkerHost.RunAsync);
