using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ListIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id",
                table: "jobs");

            migrationBuilder.CreateIndex(
                name: "ix_models_former_name",
                table: "models",
                column: "former_name");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_dataset_id_id",
                table: "jobs",
                columns: new[] { "dataset_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_method_id",
                table: "jobs",
                columns: new[] { "method", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_jobs_model_id_id",
                table: "jobs",
                columns: new[] { "model_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_datasets_former_name",
                table: "datasets",
                column: "former_name");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_models_former_name",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_jobs_dataset_id_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_method_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_jobs_model_id_id",
                table: "jobs");

            migrationBuilder.DropIndex(
                name: "ix_datasets_former_name",
                table: "datasets");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_dataset_id",
                table: "jobs",
                column: "dataset_id");

            migrationBuilder.CreateIndex(
                name: "ix_jobs_model_id",
                table: "jobs",
                column: "model_id");
        }
    }
}
